"""Memory of a reader of lines: what it knows of earlier lines, as plain data for one that goes on from there."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class Memory:
    """Base of what reads lines in their order and remembers something of them."""

    remembered: ClassVar[Sequence[str]] = ()
    """Attributes that hold plain data, sets, or other readers with a memory."""

    def kept(self) -> dict[str, Any]:
        """Return what is remembered as plain data."""
        return {name: _plain(getattr(self, name)) for name in self.remembered}

    def resume(self, data: Mapping[str, Any]) -> None:
        """Go on from what :meth:`kept` returned."""
        for name in data.keys() & self.remembered:
            setattr(self, name, _restored(getattr(self, name), data[name]))


def _plain(value: Any) -> Any:
    if isinstance(value, Memory):
        return value.kept()
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _restored(now: Any, data: Any) -> Any:
    """Return plain data in the form that an attribute has now."""
    if isinstance(now, Memory):
        now.resume(data)
        return now
    if isinstance(now, list) and now and isinstance(now[0], Memory):
        return [_restored(*pair) for pair in zip(now, data, strict=True)]
    return set(data) if isinstance(now, set) else data
