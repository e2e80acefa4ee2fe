"""Name, labels and annotations of a trial's pod, which tell its owner."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.names import ascii_form
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.core.trial_key import family_of
from airflow_hpo.exceptions import DeclarationError

PREFIX = "airflow-hpo/"
STUDY = f"{PREFIX}study"
EDITION = f"{PREFIX}edition"
TRIAL = f"{PREFIX}trial"
ATTEMPT = f"{PREFIX}attempt"
PARAMS = f"{PREFIX}params"
DAG = f"{PREFIX}dag"
RUN = f"{PREFIX}run"
INDEX = f"{PREFIX}map-index"
OWNER = f"{PREFIX}task"
"""Label by which a task instance finds the pods of all its tries."""
ENDED = f"{PREFIX}ended"
"""Label of a pod that is kept although its attempt is over: no later attempt may take it up."""

SEED = f"{PREFIX}seed"

_NAME = re.compile(
    r"(?:(?=.{1,253}/)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/)?(?=[^/]{1,63}$)[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?"
)
"""Names that Kubernetes allows for labels."""

LABEL_LENGTH = 63
NAME_LENGTH = 63
HASH_LENGTH = 8


@dataclass(frozen=True, slots=True)
class PodIdentity:
    """Which attempt of which trial a pod runs, and for which task instance."""

    request: TrialRequest
    """The trial, with number and parameters."""
    attempt: int
    task: TaskRun
    origin: str
    """What tells this edition from one of the same name in another study database, such as that of a staging Airflow."""

    def name(self, prefix: str | None = None) -> str:
        """Return the pod's name: the same for the same attempt, so that creating it twice is refused by Kubernetes."""
        tail = f"-t{self.request.number}-a{self.attempt}-{self._digest()}"
        head = dns_name(prefix or ascii_form(self.family))[: NAME_LENGTH - len(tail)].rstrip("-") or "trial"
        return f"{head}{tail}"

    @property
    def family(self) -> str:
        """The study's name without its run."""
        return family_of(self.request.study)

    def labels(self) -> dict[str, str]:
        """Return labels in values that a person can type into ``kubectl get pods -l``."""
        return {
            STUDY: label_value(ascii_form(self.family)),
            EDITION: label_value(ascii_form(self.family) + self.request.study.removeprefix(self.family)),
            TRIAL: str(self.request.number),
            ATTEMPT: str(self.attempt),
            PARAMS: self.request.fingerprint,
            DAG: label_value(self.task.dag_id),
            RUN: label_value(self.task.run_id),
            INDEX: label_value(str(self.task.map_index)),
            OWNER: self._owner(),
        }

    def annotations(self) -> dict[str, str]:
        """Return the trial in full: edition, parameters, seed."""
        return {EDITION: self.request.study, PARAMS: json.dumps(self.request.params), SEED: str(self.request.seed)}

    def selector(self) -> str:
        """Return the label selector of every pod that this task instance ever started, whatever it ran."""
        return f"{OWNER}={self._owner()}"

    def same_trial(self, labels: Mapping[str, str] | None, annotations: Mapping[str, str] | None) -> bool:
        """Say whether a pod runs this very trial with these very parameters, in whichever attempt."""
        wanted = {name: self.labels()[name] for name in (TRIAL, PARAMS, OWNER)}
        there = labels or {}
        same = all(there.get(name) == value for name, value in wanted.items())
        return same and ENDED not in there and (annotations or {}).get(EDITION) == self.request.study

    def _owner(self) -> str:
        return _hash(self.origin, self.task.dag_id, self.task.run_id, self.task.task_id, self.task.map_index)

    def _digest(self) -> str:
        return _hash(self.request.study, self.request.fingerprint, self._owner(), self.task.try_number)


def attempt_of(labels: Mapping[str, str] | None) -> int | None:
    """Return the number of the attempt that started a pod; None when the label is missing or no number."""
    text = (labels or {}).get(ATTEMPT, "")
    return int(text) if text.isdigit() else None


def label_value(text: str) -> str:
    """Return a text as a label's value: readable, the same for the same text, short enough.

    What Kubernetes does not allow becomes ``-``: ``manual__2026-11-21T02:00:00+00:00`` is
    ``manual__2026-11-21T02-00-00-00-00``. A longer text ends with a hash of it.
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]", "-", text).strip("-_.")
    if len(safe) <= LABEL_LENGTH:
        return safe
    return f"{safe[: LABEL_LENGTH - HASH_LENGTH - 1].rstrip('-_.')}-{_hash(text)}"


def checked_labels(given: Mapping[str, Any] | None) -> None:
    """Refuse names that Kubernetes would refuse when the first pod is made; values are made valid by :func:`label_value`."""
    for name in given or ():
        if not _NAME.fullmatch(str(name)):
            raise DeclarationError(
                f"A label's name has at most {LABEL_LENGTH} letters, digits, '-', '_' and '.', begins and ends with a letter or digit, "
                f"and may follow a domain and '/', but got {name!r}. Write labels={{{_valid(str(name))!r}: ...}}."
            )


def _valid(name: str) -> str:
    prefix, slash, rest = name.rpartition("/")
    domain = re.sub(r"[^a-z0-9.]+", "-", prefix.lower()).strip("-.")
    return (f"{domain}{slash}" if domain else "") + (label_value(rest) or "label")


def dns_name(text: str) -> str:
    """Return a text as part of a pod's name: lower-case letters, digits and ``-``, starting with a letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _hash(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:HASH_LENGTH]
