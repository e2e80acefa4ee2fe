"""Waits of an attempt between its beginning and the start of its program."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class WaitsFor(StrEnum):
    """What a pod may wait for, as it is stored and counted."""

    QUOTA = "quota"
    API = "API server"
    POD = "pod of before"
    NODE = "node"
    GATE = "scheduling gate"
    VOLUME = "volume"
    IMAGE = "image"
    INIT = "init container"
    PROBE = "probe"
    START = "start"

    @property
    def creation(self) -> bool:
        """Whether there is no pod yet."""
        return self in (WaitsFor.QUOTA, WaitsFor.API, WaitsFor.POD)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one attempt waits for, and what Kubernetes says about it."""

    what: WaitsFor
    why: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.why}" if self.why else self.what.value

    @classmethod
    def of(cls, text: str) -> Self:
        """Read what :meth:`__str__` wrote."""
        what, _, why = text.partition(": ")
        return cls(WaitsFor(what), why)

    @property
    def sentence(self) -> str:
        """The same for people."""
        return f"{_NAMES[self.what]}{f' ({self.why})' if self.why else ''}"


_NAMES = {what: f"a {what}" for what in WaitsFor} | {
    WaitsFor.API: "the Kubernetes API",
    WaitsFor.POD: "the end of a pod of before",
    WaitsFor.IMAGE: "its image",
    WaitsFor.INIT: "an init container",
    WaitsFor.START: "its containers to be made",
}


def counted(waits: Iterable[str]) -> str:
    """Return how many attempts wait for what, such as ``2 for a quota, 1 for a node``; empty without any."""
    found = Counter(Waiting.of(text).what for text in waits)
    return ", ".join(f"{number} for {_NAMES[what]}" for what, number in found.most_common())
