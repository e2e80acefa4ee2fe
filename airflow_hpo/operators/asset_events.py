"""Asset events: one for each result, however often its task runs."""

from typing import Any

from airflow.sdk import Asset, AssetAlias, BaseOperator, Context
from airflow.sdk.execution_time.context import InletEventsAccessors


class AssetEventOperator(BaseOperator):
    """Emits events of one asset, and sees those that there are.

    The event goes through an alias: a plain outlet would emit on every success, also when a person clears the task.
    """

    def __init__(self, *, asset: Asset, **kwargs: Any) -> None:
        kwargs.setdefault("outlets", [AssetAlias(asset.name)])
        super().__init__(**kwargs)
        self.asset = asset

    def newest_events(self) -> list[Any]:
        """Return the newest events of the asset."""
        # Not through an inlet: Airflow would list the task as a consumer of what it produces.
        return list(InletEventsAccessors([self.asset])[self.asset].ascending(False).limit(100))

    def emit_once(self, context: Context, data: dict[str, Any], *identity: str) -> bool:
        """Emit an event with the data, unless there is one with the same values under the names that identify it.

        Return whether it was emitted.
        """
        ours = {name: data[name] for name in identity}
        said = [event.extra or {} for event in self.newest_events()]
        if any({name: extra.get(name) for name in identity} == ours for extra in said):
            same = ", ".join(f"{name} {value}" for name, value in ours.items())
            self.log.info("The asset %s has the event of %s already.", self.asset.uri, same)
            return False
        alias = next(outlet for outlet in self.outlets if isinstance(outlet, AssetAlias))
        context["outlet_events"][alias].add(self.asset, extra=data)
        return True
