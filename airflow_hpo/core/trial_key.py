"""Keys of trials: what each was asked for, unique in its study.

``002/3`` is index 3 of batch 2; ``002/3#1`` runs trial 1, which had that key, again.
"""

from __future__ import annotations

import re

_KEY = re.compile(r"([0-9]+)/([0-9]+)(#|\Z)")


def owner(key: str) -> tuple[int, int]:
    """Return batch and index of the task that runs a trial; -1 for both when the key names none."""
    named = _KEY.match(key)
    return (int(named[1]), int(named[2])) if named else (-1, -1)


def key_of(batch: int, index: int) -> str:
    """Return the key of a trial: what it was asked for, unique in its study."""
    return f"{batch:03d}/{index}"
