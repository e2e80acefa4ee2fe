"""Fields of a mapping, read one by one, so that none is dropped in silence."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.importers.findings import Findings


class Fields:
    """A mapping of a specification: what its reader does not ask for is refused when it is closed."""

    def __init__(self, data: Any, path: str, findings: Findings) -> None:
        self.path = path
        self.findings = findings
        self._known: list[str] = []
        if data is not None and not isinstance(data, Mapping):
            findings.refuse(path, f"It is a mapping of fields, but got {brief_repr(data)}. Write `name: value` lines.")
        self.data: Mapping[Any, Any] = data if isinstance(data, Mapping) else {}

    def __contains__(self, name: str) -> bool:
        return self.data.get(name) is not None

    def at(self, name: str) -> str:
        """Return the path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def raw(self, name: str) -> Any:
        """Return a field as it is; None where there is none."""
        self._known.append(name)
        return self.data.get(name)

    def silent(self, *names: str) -> None:
        """Leave fields out without a word: they say nothing about what is searched or run."""
        self._known += names

    def left_out(self, name: str, sentence: str, place: str = "") -> None:
        """Leave a field out, and say so where it is given."""
        if self.raw(name) is not None:
            self.findings.left_out(self.at(name), sentence, place)

    def refused(self, name: str, sentence: str) -> None:
        """Refuse a field where it is given."""
        if self.raw(name) is not None:
            self.findings.refuse(self.at(name), sentence)

    def text(self, name: str) -> str | None:
        """Return a text; one that YAML takes for something else is refused with its quotes."""
        value = self.raw(name)
        return None if value is None else as_text(value, self.at(name), self.findings)

    def needed(self, name: str, example: str) -> str:
        """Return a text that must be there."""
        found = self.text(name)
        if self.data.get(name) in (None, ""):
            self.findings.missing(self.at(name), f"It is needed, but was not given. Write `{name}: {example}`.")
        return found or ""

    def one_of(self, name: str, *known: str) -> str | None:
        """Return one of some words; None where it is not given, or was refused."""
        found = self.text(name)
        if found is None or found in known:
            return found
        near = next((word for word in known if word.lower() == found.lower()), None)
        meant = f"Did you mean {near!r}?" if near else f"Write one of {', '.join(known)}."
        self.findings.refuse(self.at(name), f"It is one of {', '.join(known)}, but got {found!r}. {meant}")
        return None

    def whole(self, name: str, least: int = 0) -> int | None:
        """Return a whole number."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.findings.refuse(
            self.at(name),
            f"It is a whole number of {least} or more, but got {brief_repr(value)}. Write {name}: {least or 1}.",
        )
        return None

    def number(self, name: str) -> float | None:
        """Return a number."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        self.findings.refuse(self.at(name), f"It is a finite number, but got {brief_repr(value)}. Write {name}: 0.9.")
        return None

    def flag(self, name: str) -> bool:
        """Return whether a field is true."""
        value = self.raw(name)
        if value is not None and not isinstance(value, bool):
            self.findings.refuse(
                self.at(name), f"It is true or false, but got {brief_repr(value)}. Write {name}: true."
            )
        return value is True

    def part(self, name: str) -> "Fields":
        """Return the fields of a field; without any where it is not given."""
        return Fields(self.raw(name), self.at(name), self.findings)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts."""
        return [as_text(each, f"{self.at(name)}[{place}]", self.findings) for place, each in self._listed(name)]

    def members(self, name: str, key: str = "name") -> Iterator["Fields"]:
        """Yield the members of a list, each called by its name, or by its place where it has none."""
        for place, each in self._listed(name):
            called = each.get(key) if isinstance(each, Mapping) else None
            yield Fields(each, f"{self.at(name)}[{place if called is None else called}]", self.findings)

    def close(self) -> None:
        """Refuse the fields that nothing asked for."""
        for name in self.data:
            if name not in self._known:
                self.findings.unknown(self.at(str(name)), self._known)

    def _listed(self, name: str) -> list[tuple[int, Any]]:
        value = self.raw(name)
        if value is not None and not isinstance(value, list):
            self.findings.refuse(
                self.at(name), f"It is a list, but got {brief_repr(value)}. Write `- ` before each member."
            )
            return []
        return list(enumerate(value or []))


def as_text(value: Any, path: str, findings: Findings) -> str:
    """Return a text as it is; a number or a boolean is refused, because Kubernetes refuses it too."""
    if isinstance(value, str):
        return value
    read = {True: "yes, on and true as one boolean", False: "no, off and false as one boolean"}
    why = f" YAML reads {read[value]}." if isinstance(value, bool) else ""
    findings.refuse(path, f'It is text, but got {brief_repr(value)}.{why} Write it in quotes: "{_spelt(value)}".')
    return str(value)


def _spelt(value: Any) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)
