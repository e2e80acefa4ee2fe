from __future__ import annotations

import json

import pytest

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.exceptions import TrialFailedError

MEASURED = Measurement(0.5, {"time_s": 2.0}, ("'acc' was never reported",))
WHERE = Placement(node="n", image="i@sha256:0")

BEFORE = {
    "state": "complete",
    "reason": "",
    "kind": "program",
    "exit_code": 0,
    "value": 0.5,
    "metrics": {"time_s": 2.0},
    "problems": ["'acc' was never reported"],
    "tail": ["loss=0.5"],
    "place": {"node": "n", "image": "i@sha256:0"},
    "over": True,
    "alive": False,
}
"""As the version before wrote it into the event of a trigger."""


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.complete(MEASURED, exit_code=0, tail=("a", "b"), placement=WHERE, over=True),
        Outcome.pruned(reason="The study was stopped."),
        Outcome.failed("It broke.", FailureKind.NO_OUTPUT, measurement=MEASURED, alive=True),
    ],
)
def test_an_outcome_survives_json(outcome: Outcome) -> None:
    assert Outcome.from_dict(json.loads(json.dumps(outcome.to_dict()))) == outcome


def test_an_outcome_of_the_version_before_is_read() -> None:
    known = Outcome.complete(MEASURED, exit_code=0, tail=("loss=0.5",), placement=WHERE, over=True)
    assert Outcome.from_dict(BEFORE) == known
    assert Outcome.from_dict({**BEFORE, "colour": "blue"}) == known


def test_a_failure_of_the_version_before_keeps_its_kind() -> None:
    read = Outcome.from_dict({**BEFORE, "state": "failed", "reason": "Evicted.", "kind": "infrastructure"})
    assert (read.state, read.reason, read.kind) == (AttemptOutcome.FAILED, "Evicted.", FailureKind.INFRASTRUCTURE)


def test_only_a_failure_raises() -> None:
    Outcome.complete(MEASURED).check()
    Outcome.pruned().check()
    with pytest.raises(TrialFailedError, match="It broke") as raised:
        Outcome.failed("It broke.", FailureKind.KILLED).check()
    assert raised.value.kind is FailureKind.KILLED


def test_a_placement_is_read_with_keys_of_any_version() -> None:
    assert Placement.from_dict({"host": "a", "pid": "7", "colour": "blue"}) == Placement(host="a", pid=7)


def test_what_is_not_known_of_a_placement_is_not_kept() -> None:
    assert Placement(pod="p").to_dict() == {"pod": "p"}
    assert not Placement()
