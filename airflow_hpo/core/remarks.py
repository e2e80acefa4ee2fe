"""Remarks that a program prints besides its metrics: where its time goes, notes, and links."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlsplit

from airflow_hpo.core.masking import cut
from airflow_hpo.core.shown_text import shown

MARK = "hpo::"
_LINE = re.compile(rf"\s*{MARK}(span|note|link)[ \t]+(\S.*)", re.DOTALL)
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_NOT_IN_A_LINK = re.compile(r"[<>\"\\^`{|}]")

SPANS, SPAN_LENGTH = 20, 60
"""How many names of spans are kept of an attempt, and how many characters of each; so of notes and links."""
NOTES, NOTE_LENGTH = 20, 500
LINKS, LINK_LENGTH, TITLE_LENGTH = 10, 1000, 100
REFUSAL_LENGTH = 80


class _NoRemarkError(ValueError):
    """A line that is meant as a remark and is none."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to what a program has made, such as a table or a picture."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a program has said of one attempt; texts are without secrets and control characters."""

    spans: Mapping[str, float] = field(default_factory=dict)
    """Seconds of its own places by their names."""
    notes: Sequence[str] = ()
    links: Sequence[Link] = ()
    left_out: int = 0
    """How many more it has printed that are not kept."""
    why: str | None = None
    """Why the first of those is not."""

    def and_line(self, line: str) -> Self:
        """Return the remarks with that of a line, if it is one."""
        found = _LINE.match(line) if MARK in line else None
        if found is None:
            return self
        take = {"span": self._and_span, "note": self._and_note, "link": self._and_link}[found[1]]
        try:
            return take(" ".join(shown(found[2]).split()))
        except _NoRemarkError as err:
            return replace(self, left_out=self.left_out + 1, why=self.why or str(err))

    def _and_span(self, text: str) -> Self:
        seconds, _, name = text.partition(" ")
        if not _SECONDS.fullmatch(seconds) or not name or not math.isfinite(float(seconds)):
            raise _NoRemarkError(f"A span is `{MARK}span SECONDS NAME`, but got {cut(text, REFUSAL_LENGTH)!r}.")
        name = cut(name, SPAN_LENGTH)
        if name not in self.spans and len(self.spans) >= SPANS:
            raise _NoRemarkError(f"The first {SPANS} names of spans are kept, and {name!r} came later.")
        return replace(self, spans={**self.spans, name: round(self.spans.get(name, 0.0) + float(seconds), 6)})

    def _and_note(self, text: str) -> Self:
        note = cut(text, NOTE_LENGTH)
        if note in self.notes:
            return self
        if len(self.notes) >= NOTES:
            raise _NoRemarkError(f"The first {NOTES} notes are kept.")
        return replace(self, notes=(*self.notes, note))

    def _and_link(self, text: str) -> Self:
        url, _, title = text.partition(" ")
        link = Link(cut(title or url, TITLE_LENGTH), checked_link(url))
        if link in self.links:
            return self
        if len(self.links) >= LINKS:
            raise _NoRemarkError(f"The first {LINKS} links are kept.")
        return replace(self, links=(*self.links, link))

    def __bool__(self) -> bool:
        return bool(self.spans or self.notes or self.links or self.left_out)

    @property
    def sentences(self) -> list[str]:
        """The notes and links, and what is not kept, one text each."""
        more = [f"{self.left_out} more are not kept. {self.why}"] if self.left_out else []
        return [*self.notes, *(f"{one.title}: {one.url}" for one in self.links), *more]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build them from what :meth:`to_dict` returned; keys of other versions are ignored."""
        return cls(
            {str(name): float(seconds) for name, seconds in (data.get("spans") or {}).items()},
            tuple(map(str, data.get("notes") or ())),
            tuple(Link(str(one["title"]), str(one["url"])) for one in data.get("links") or ()),
            int(data.get("left_out") or 0),
            data.get("why"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return them as plain JSON-able data."""
        return {
            "spans": dict(self.spans),
            "notes": list(self.notes),
            "links": [{"title": one.title, "url": one.url} for one in self.links],
            "left_out": self.left_out,
            "why": self.why,
        }


NO_REMARKS = Remarks()


def is_remark(line: str) -> bool:
    """Say whether a line is a remark, and so nothing that metrics are read from."""
    return MARK in line and _LINE.match(line) is not None


def checked_link(url: str) -> str:
    """Return an address that a browser may be sent to, or raise why it is none."""
    try:
        parts = urlsplit(url)
        host, user = parts.hostname, parts.username or parts.password
    except ValueError:
        parts, host, user = None, None, None
    if user:
        raise _NoRemarkError("A link has no user or password in it.")
    if parts is None or parts.scheme not in ("http", "https") or not host or _NOT_IN_A_LINK.search(url):
        raise _NoRemarkError(f"A link begins with https:// or http://, but got {cut(url, REFUSAL_LENGTH)!r}.")
    if len(url) > LINK_LENGTH:
        raise _NoRemarkError(f"A link has {LINK_LENGTH:,} characters at most, but one has {len(url):,}.")
    return url
