"""Container images by their digests: a tag may mean another image tomorrow."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import combinations

_DIGEST = re.compile(r"\bsha\d+:\w+$")
_SHOWN = 12
"""Digits of a digest that people see in a list, as in those of container engines."""


def digest_of(image: str | None) -> str | None:
    """Return the digest at the end of an image's id; None without one."""
    found = _DIGEST.search(image or "")
    return found.group() if found else None


def pinned(tag: str | None) -> bool:
    """Say whether a pod names its image by digest, so that it is always the same."""
    return digest_of(tag) is not None


def differ(one: str | None, other: str | None) -> bool:
    """Say whether two image ids are known to be of different images.

    A registry's digest (``name@sha256:...``) and that of an image that was loaded into a node (``sha256:...``) are digests of
    different things, and tell nothing of each other.
    """
    first, second = digest_of(one), digest_of(other)
    return None not in (first, second) and ("@" in str(one)) == ("@" in str(other)) and first != second


def several_sentence(images: Iterable[str | None], noun: str) -> str | None:
    """Say how many trials or evaluations ran under which image; None when no two are known to differ."""
    images = list(images)
    if not any(differ(*pair) for pair in combinations(set(images), 2)):
        return None
    counts = Counter(filter(None, map(digest_of, images)))
    first, *others = counts.items()
    counted = noun if first[1] > 1 else noun.removesuffix("s")
    shown = [f"{_short(first[0])} ({first[1]} {counted})", *(f"{_short(digest)} ({count})" for digest, count in others)]
    return f"{noun.capitalize()} ran under {len(counts)} images: {', '.join(shown)}."


def _short(digest: str) -> str:
    algorithm, _, digits = digest.partition(":")
    return f"{algorithm}:{digits[:_SHOWN]}"
