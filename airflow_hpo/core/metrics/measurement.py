"""The result of one attempt, and the sentences when there is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_hpo.core.masking import cut
from airflow_hpo.core.metrics import hints, units
from airflow_hpo.core.metrics.data_sets import EVALUATION, TRAINING, data_set_of
from airflow_hpo.core.metrics.point import Rejected
from airflow_hpo.core.metrics.regex_engine import SECONDS
from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import TrialFailedError

SHOWN_LINES = 5
SHOWN_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one attempt achieved."""

    value: float
    """The objective; finite."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The extra metrics that have a finite last value."""
    problems: tuple[str, ...] = ()
    """What was odd about the reports, a short sentence each."""


@dataclass(frozen=True, slots=True)
class LinesRead:
    """What was read to find the metrics, for people who ask why there are none."""

    source: str
    """Where and how, in words."""
    lines: int
    cut: int = 0
    """How many of the lines were too long and lost their end."""
    tail: tuple[str, ...] = ()
    """The last lines, oldest first."""
    sample: tuple[str, ...] = ()
    """The first and the last lines, oldest first."""
    declared: str = "Stdout("
    """How the source is declared, up to its options."""
    note: str = ""
    """A sentence about the source itself, such as that the file never appeared."""

    def problems(self) -> list[str]:
        """Return what was odd about the lines, a short sentence each."""
        many = (
            "1 line was too long and lost its end."
            if self.cut == 1
            else f"{self.cut} lines were too long and lost their end."
        )
        cut = [many] if self.cut else []
        return cut + ([self.note] if self.note else [])

    def __str__(self) -> str:
        shown = " | ".join(cut(line, SHOWN_LENGTH) for line in self.tail[-SHOWN_LINES:])
        note = f" {self.note}" if self.note else ""
        many = "1 line" if self.lines == 1 else f"{self.lines} lines"
        last = "The line" if self.lines == 1 else "The last lines"
        return f"{many} of {self.source} gave none.{note}" + (f" {last}: {shown}." if shown else "")


def missing(metric: str, instead: Rejected | None, evidence: LinesRead | None) -> TrialFailedError:
    """Return the error for an objective that was never reported."""
    got = "" if instead is None else f" (it was given as {instead.text!r}, which is no number)"
    read = (
        f"{evidence}{hints.seen(metric, evidence.sample)}{_remedy(metric, evidence)}" if evidence else "it never was."
    )
    return TrialFailedError(
        f"A trial must report its objective {metric!r} as a number{got}, but {read}", kind=FailureKind.PROGRAM
    )


def doubtful(found: Rejected, evidence: LinesRead | None) -> TrialFailedError:
    """Return the error for an objective with a value that may have been cut."""
    alone = found.why.startswith(f"it belongs to {found.name!r}")
    remedy = _remedy(found.name, evidence, found.line, alone=alone)
    if found.why.startswith(units.WHY):
        remedy = " Print all values in one unit."
    return TrialFailedError(
        f"The objective's value must be read whole, but {found}.{remedy}",
        kind=FailureKind.PROGRAM,
    )


def two_formats(found: Rejected, evidence: LinesRead | None) -> TrialFailedError:
    """Return the error for an objective that a program also gives in a format which the default filter does not read."""
    declared = evidence.declared if evidence else "Stdout("
    own = f" {declared}format={found.format!r}) reads such lines"
    reads = own if found.format != "text" else _remedy(found.name, evidence, found.line).rstrip(".")
    return TrialFailedError(
        f"All values of the objective must be in one format, but besides {found.name}=... the line {found.line!r} gives "
        f"{found.text}.{reads}, and "
        f"{declared}filter={{{found.name!r}: r'(?:^|\\s){re.escape(found.name)}\\s*=\\s*([^\\s,;\\]]+)'}}) leaves them out.",
        kind=FailureKind.PROGRAM,
    )


def lost(found: Rejected, strategy: str) -> TrialFailedError:
    """Return the error for an objective of which the value that counts may stand in lines that were not read."""
    return TrialFailedError(
        f"All lines that may hold the value that counts must be read, but of {found.name!r} (strategy={strategy!r}) it may "
        f"be among those that are missing. {found.why}. Print less, or write the result into the termination message: "
        "metrics=TerminationMessage().",
        kind=FailureKind.INFRASTRUCTURE,
    )


def too_slow(expression: str, line: str) -> TrialFailedError:
    """Return the error for a source that one of its filters stopped."""
    return TrialFailedError(
        f"A filter must be quick on every line, but {expression!r} took longer than {SECONDS:g} s on a line of "
        f"{len(line)} characters, {cut(line, SHOWN_LENGTH)!r}. Write it without lookaround, back references and nested "
        "repetitions, and it takes no time.",
        kind=FailureKind.PROGRAM,
    )


def _remedy(metric: str, evidence: LinesRead | None, line: str = "", *, alone: bool = False) -> str:
    if not evidence:
        return ""
    lines = [line] if line else evidence.sample
    if line and data_set_of(line) is TRAINING:
        # Where both are given, the evaluation is what is meant.
        lines = [each for each in evidence.sample if metric in each and data_set_of(each) is EVALUATION] or lines
    return hints.remedy(metric, lines, evidence.declared, alone=alone)


def not_finite(metric: str, what: str) -> TrialFailedError:
    """Return the error for an objective that is NaN or infinite."""
    return TrialFailedError(f"The objective {metric!r} must be finite, but its {what}.", kind=FailureKind.PROGRAM)
