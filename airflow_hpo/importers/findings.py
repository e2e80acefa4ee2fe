"""Findings about a specification: what is otherwise here, and what cannot be had."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from airflow_hpo.exceptions import DeclarationError


class Level(StrEnum):
    """What became of a field that is not simply carried."""

    DIFFERS = "differs"
    LEFT_OUT = "left_out"
    RENAMED = "renamed"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Note:
    """One field that a person should know of."""

    path: str
    """Where it stands in the source: fields joined by dots, members of a list by their name in brackets."""
    level: Level
    sentence: str
    place: str = ""
    """The argument of the declaration that it is about, such as ``study.sampler``; empty for none."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One field that cannot be had here, and what to do then."""

    path: str
    sentence: str


class RefusedSpecificationError(DeclarationError):
    """A specification that cannot become a study, with all reasons."""

    def __init__(self, what: str, refusals: Sequence[Refusal]) -> None:
        lines = [f"{each.path}: {each.sentence}" for each in refusals]
        count = "one thing" if len(lines) == 1 else f"{len(lines)} things"
        super().__init__("\n".join([f"{what} cannot be imported for {count}:", *lines]))
        self.refusals = tuple(refusals)


class Findings:
    """Notes and refusals of one specification, gathered while it is read."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._refusals: dict[str, Refusal] = {}
        self._missing: set[str] = set()
        self._meant: set[str] = set()

    @property
    def refusals(self) -> list[Refusal]:
        """What is refused, in the order of its discovery; a field that a misspelt one stands for is not missing."""
        absent = self._missing & self._meant
        return [each for path, each in self._refusals.items() if path not in absent]

    def differs(self, path: str, sentence: str, place: str = "") -> None:
        """Note a field that is carried, and of which something is otherwise."""
        self._note(Note(path, Level.DIFFERS, sentence, place))

    def left_out(self, path: str, sentence: str, place: str = "") -> None:
        """Note a field that has no effect here."""
        self._note(Note(path, Level.LEFT_OUT, sentence, place))

    def renamed(self, path: str, sentence: str, place: str = "") -> None:
        """Note a name that cannot be had here."""
        self._note(Note(path, Level.RENAMED, sentence, place))

    def inferred(self, path: str, sentence: str, place: str = "") -> None:
        """Note what is read off data, and perhaps wrong."""
        self._note(Note(path, Level.INFERRED, sentence, place))

    def refuse(self, path: str, sentence: str) -> None:
        """Refuse a field; of one field the first reason is told."""
        self._refusals.setdefault(path, Refusal(path, sentence))

    def missing(self, path: str, sentence: str) -> None:
        """Refuse a specification that lacks a field."""
        self._missing.add(path)
        self.refuse(path, sentence)

    def unknown(self, path: str, known: Sequence[str]) -> None:
        """Refuse a field that the system itself does not know, with the nearest one that it knows."""
        parent, dot, name = path.rpartition(".")
        close = difflib.get_close_matches(name, known, n=1)
        self._meant.update(f"{parent}{dot}{each}" for each in close)
        near = f"Did you mean {close[0]!r}?" if close else f"There are {', '.join(sorted(known))}."
        self.refuse(path, f"There is no such field. {near}")

    def raise_refused(self, what: str) -> None:
        """Raise when anything was refused."""
        if refusals := self.refusals:
            raise RefusedSpecificationError(what, refusals)

    def _note(self, note: Note) -> None:
        if note not in self.notes:
            self.notes.append(note)
