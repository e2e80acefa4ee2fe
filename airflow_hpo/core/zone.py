"""Time zones by name, as an edition keeps the one that its windows are reckoned in."""

from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow_hpo.exceptions import DeclarationError


def zone_name(zone: tzinfo | str) -> str:
    """Return the name of a zone: ``Asia/Tokyo``, or ``+09:00`` of one that is an offset."""
    if isinstance(zone, str):
        return zone
    key = getattr(zone, "key", None)
    if isinstance(key, str) and key:
        return key
    offset = zone.utcoffset(None)
    if not offset:
        return "UTC"
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def zone(name: str) -> tzinfo:
    """Return the zone of a name.

    :raises DeclarationError: when this machine has no such zone.
    """
    if name.startswith(("+", "-")):
        hours, _, minutes = name[1:].partition(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-offset if name[0] == "-" else offset, name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise DeclarationError(
            f"A time zone is one that this machine knows, but got {name!r}. Install its data (the package tzdata), or "
            "correct the zone of the DAG's schedule."
        ) from None


def moment_in(moment: datetime, name: str) -> str:
    """Return a moment for people in a zone: ``2026-12-07 10:00 Asia/Tokyo``."""
    return f"{moment.astimezone(zone(name)):%Y-%m-%d %H:%M} {name}"
