"""Secrets that Airflow knows in this process: in a worker and a triggerer what was looked up there, in a command also its own.

Airflow's masker looks for a secret as it is. Programs and libraries also print it as a part of a URL, of JSON, or line by line.
"""

from __future__ import annotations

import base64
import html
import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

SHORTEST = 5
"""Characters of the shortest spelling that is looked for, as Airflow's own ``min_length_masked_secret`` is by default."""
SHORTEST_LINE = 8
"""Characters of the shortest line of a secret that has several."""
MASK = "***"
_MASKERS = ("airflow.sdk._shared.secrets_masker", "airflow._shared.secrets_masker")
"""That of tasks and triggers, and that of Airflow's own database; each knows what was looked up through it."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def hidden(text: str) -> str:
    """Return a text with ``***`` in place of every secret that Airflow knows here, however it is written."""
    maskers = [found for name in _MASKERS if (found := sys.modules.get(name))]
    # Of two secrets of which one begins with the other, Airflow's own masker may leave the end of the longer one.
    if spellings := _spellings(frozenset().union(*(_known(one) for one in maskers))):
        text = spellings.sub(MASK, text)
    for one in maskers:
        text = one.redact(text)
    return text


def hidden_in(pod: Any) -> dict[str, str]:
    """Return the texts of a pod that have a secret in them, masked, by their places in it.

    By these another process, which may not know the secrets, finds them in the pod; what is stored on the way has none.
    """
    texts = {str(place): (text, hidden(text)) for place, text in enumerate(_texts_of(pod))}
    return {place: masked for place, (text, masked) in texts.items() if masked != text}


def secrets_in(pod: Any, masked: Mapping[str, str]) -> list[str]:
    """Return the secrets of a pod that :func:`hidden_in` masked in the process that made it."""
    found: set[str] = set()
    for place, text in enumerate(_texts_of(pod)):
        form = re.escape(masked.get(str(place), "")).replace(re.escape(MASK), "(.+?)")
        if match := re.fullmatch(form, text, re.DOTALL):
            found.update(match.groups())
    return sorted(found)


def _texts_of(pod: Any) -> Iterator[str]:
    for container in (*(pod.spec.init_containers or ()), *pod.spec.containers):
        yield from (each.value for each in container.env or () if each.value)
        yield from (*(container.command or ()), *(container.args or ()))


def _known(masker: Any) -> frozenset[str]:
    return frozenset(getattr(masker._secrets_masker(), "patterns", ()))  # noqa: SLF001


@lru_cache(8)
def _spellings(patterns: frozenset[str]) -> re.Pattern[str] | None:
    secrets = {_ESCAPED.sub(r"\1", pattern) for pattern in patterns}
    found = {spelling for secret in secrets for spelling in _written(secret) if len(spelling) >= SHORTEST}
    longest_first = sorted(found, key=lambda spelling: (-len(spelling), spelling))
    return re.compile("|".join(map(re.escape, longest_first))) if found else None


def _written(secret: str) -> Iterator[str]:
    yield secret
    with_quotes = json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)
    yield from (text[1:-1] for text in with_quotes)
    octets = secret.encode(errors="replace")
    yield from (quote(octets), quote(octets, safe=""), quote_plus(octets), html.escape(secret))
    yield from (base64.b64encode(octets).decode(), base64.urlsafe_b64encode(octets).decode())
    lines = secret.splitlines()
    if len(lines) > 1:
        yield " ".join(secret.split())
        yield from (line.strip() for line in lines if len(line.strip()) >= SHORTEST_LINE)
