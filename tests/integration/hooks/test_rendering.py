"""Templates of a trial task, rendered with a real study: parameters are data and never templates."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.core.space.space import Categorical
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialState
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.group import TrialOpenOperator, TrialOutcomeOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import Tuned, declared

NASTY = "{{ 7 * 7 }}{% raw %}"


@pytest.fixture
def tuned(default_database: Database) -> Tuned:
    """A study in the default file whose only value looks like a template."""
    return Tuned(Store(default_database), declared(space={"text": Categorical([NASTY])}, max_trials=4))


def context(task_id: str = "trial", try_number: int = 1) -> dict[str, Any]:
    """Return as much of Airflow's context as a trial task reads."""
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        dag_id="d", run_id="r", task_id=task_id, map_index=0, try_number=try_number, max_tries=2, pushed=pushed
    )
    ti.xcom_push = pushed.__setitem__
    return {"ti": ti, "run_id": "r"}


def rendered(tuned: Tuned, command: list[str], **options: Any) -> TrialProcessOperator:
    request = tuned.suggest()[0].to_dict()
    operator = TrialProcessOperator(task_id="trial", command=command, request=request, **options)
    operator.render_template_fields(context())  # type: ignore[arg-type]
    return operator


def test_a_parameter_s_value_is_never_rendered(tuned: Tuned) -> None:
    operator = rendered(tuned, ["{{ trial.params.text }}", "{{ trial.params['text'] }}"])
    assert operator.command == [NASTY, NASTY]


def test_the_request_stays_as_it_was_suggested(tuned: Tuned) -> None:
    assert rendered(tuned, ["x"]).request == tuned.suggest()[0].to_dict()


def test_number_seed_and_environment_are_rendered(tuned: Tuned) -> None:
    seed = tuned.suggest()[0].seed
    operator = rendered(tuned, ["{{ trial.number }}", "{{ trial.seed }}"], env={"TEXT": "<{{ trial.params.text }}>"})
    assert operator.command == ["0", str(seed)]
    assert operator.env == {"TEXT": f"<{NASTY}>"}


def test_the_trial_that_really_runs_is_rendered(tuned: Tuned) -> None:
    tuned.fail(tuned.suggest()[0])
    assert rendered(tuned, ["{{ trial.number }}"]).command == ["4"]


def test_a_label_shows_the_value_as_it_is(tuned: Tuned) -> None:
    assert rendered(tuned, ["{{ trial.label }}"]).command == [f"#0 text={NASTY}"]


def test_the_last_task_of_a_group_goes_on_with_the_attempt_of_the_first(tuned: Tuned) -> None:
    request = tuned.suggest()[0].to_dict()
    TrialOpenOperator(task_id="open", request=request, code="c").execute(context("open"))  # type: ignore[arg-type]
    outcome = TrialOutcomeOperator(task_id="outcome", request=request, code="c", value=0.5)
    outcome.execute(context("outcome"))  # type: ignore[arg-type]
    assert [attempt.outcome for attempt in tuned.attempts(0)] == [AttemptOutcome.COMPLETE]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ trial.parms.text }}", "has no attribute 'parms'"),
        ("{{ trial.number", "unexpected end of template"),
        ("{{ 'a' + trial.number }}", "can only concatenate str"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ [1].index(2) }}", "is not in list"),
    ],
    ids=["name", "syntax", "type", "zero", "value"],
)
def test_a_typo_in_a_template_is_the_trial_s_own_reason_and_is_not_tried_again(
    tuned: Tuned, template: str, said: str
) -> None:
    with pytest.raises(AirflowFailException, match="The template of 'command' cannot be rendered"):
        rendered(tuned, ["train", template])

    details = HpoHook().trial(tuned.name, 0)
    assert tuned.records()[0].state is TrialState.FAIL
    assert [(one.kind, one.outcome) for one in details.attempts] == [(FailureKind.PROGRAM, AttemptOutcome.FAILED)]
    assert said in (details.attempts[0].reason or "")
    assert "trial.params.<name>" in (details.attempts[0].reason or "")
