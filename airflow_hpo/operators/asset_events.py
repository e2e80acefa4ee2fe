"""Asset events: one for each result, however often its task runs."""

from dataclasses import replace
from typing import Any

from airflow.sdk import Asset, AssetAlias, BaseOperator, Context
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.context import task_try_of
from airflow_hpo.storage import asset_events
from airflow_hpo.storage.asset_events import Begun, EventKey, EventState
from airflow_hpo.storage.locks import study_lock
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store

OTHER_TASK = 10.0
"""Seconds to wait for another task's event. Airflow creates an asset and ties it to its alias at the first event, and fails the
task that does so at the same time; two groups of one study have one event between them."""


class AssetEventOperator(BaseOperator):
    """Emits events of one asset, and remembers them in the study database.

    The event goes through an alias: a plain outlet would emit on every success, also when a person clears the task. What was
    emitted is not read through an inlet: Airflow would list the task as a consumer of what it produces.
    """

    hpo_conn_id: str

    def __init__(self, *, asset: Asset, **kwargs: Any) -> None:
        kwargs.setdefault("outlets", [AssetAlias(asset.name)])
        super().__init__(**kwargs)
        self.asset = asset
        self.added: EventKey | None = None
        self.on_success_callback = [remember_sent, *self.on_success_callback]

    def emit_once(self, context: Context, store: Store, data: dict[str, Any], key: EventKey) -> bool:
        """Emit an event with the data when the task succeeds, unless it was emitted; return whether it is."""
        begun = _begin(store, key)
        state = _awaited(store, key, begun.repeated) if begun.emitting else begun.state
        if not _is_due(context, state):
            self.log.info(
                "The asset %s has the event of %s, number %s, already.", self.asset.uri, key.subject, key.number
            )
            return False
        alias = next(outlet for outlet in self.outlets if isinstance(outlet, AssetAlias))
        context["outlet_events"][alias].add(self.asset, extra=data)
        self.added = key
        return True


def remember_sent(context: Context) -> None:
    """Note that the event of a task was emitted; Airflow calls this once it has taken the task's success."""
    task: Any = context["task"]
    if task.added is not None:
        _sent(HpoHook(task.hpo_conn_id).store, task.added)


@retried
def _begin(store: Store, key: EventKey) -> Begun:
    lock = study_lock(store.database, f"asset {key.kind} {key.name}", store.lock_timeout)
    with lock as locked, store.within(locked).session() as session:
        return asset_events.begin(session, key)


def _awaited(store: Store, key: EventKey, repeated: bool) -> EventState:
    """Wait for the task that emits at this moment, but not long: it may have been killed."""
    waiting = Retrying(
        retry=retry_if_result(bool),
        stop=stop_after_delay(OTHER_TASK),
        wait=wait_fixed(0.5),
        retry_error_callback=lambda _: None,
    )
    waiting(store.read, asset_events.is_emitting, key, repeated=repeated)
    return store.read(asset_events.state_of, key)


@retried
def _sent(store: Store, key: EventKey) -> None:
    with store.session() as session:
        asset_events.sent(session, key)


def _is_due(context: Context, state: EventState) -> bool:
    """Say whether an event is still to be emitted. A task that Airflow tries again by itself has not succeeded before."""
    if state is EventState.BEFORE:
        now = task_try_of(context)
        return now.task.try_number > 1 and now.repeats(replace(now.task, try_number=1))
    return state is EventState.BEGUN
