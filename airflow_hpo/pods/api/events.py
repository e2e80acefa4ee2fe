"""Events about an object, as sentences in the order in which they happened."""

from collections.abc import Iterable
from typing import Any


def sentences(events: Iterable[Any]) -> list[str]:
    """Return what events say, oldest first; the API server lists them by name."""
    return [f"{event.reason}: {event.message}" for event in sorted(events, key=_when)]


def _when(event: Any) -> Any:
    return event.last_timestamp or event.event_time or event.metadata.creation_timestamp
