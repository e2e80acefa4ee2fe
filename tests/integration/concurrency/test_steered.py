"""A study of 60 that two people steer from two processes while six more run its trials: nothing is lost or counted twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from airflow_hpo.core.act import ActKind
from airflow_hpo.core.budget import End
from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialState
from airflow_hpo.storage import acts, attempts
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.attempted import ran_as, simulations_of
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import reserve
from tests.integration.concurrency import workers
from tests.integration.concurrency.steered import ENDLESS, MOST, play, steer
from tests.integration.trial_tasks import START, declared

PLAYERS = 6

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.mark.parametrize("scenarios", [[], ["mon", "tue"]], ids=["trials", "trials of two days"])
def test_a_study_that_two_people_steer_loses_nothing_and_counts_nothing_twice(
    store: Store, ready_database: Database, scenarios: list[str]
) -> None:
    parts = max(1, len(scenarios))
    options: dict[str, Any] = {
        "max_parallelism": MOST * parts,
        "parallelism": 4 * parts,
        "batch_size": 1,
        "reserve": 40,
    }
    study = declared(**options, max_trials=60, scenarios=scenarios, objective="loss")
    name = open_edition(store, study, "r", START).name
    keys = [one.key for one in reserve(store, name, 1, 1024)]

    shares = [(play, ready_database, name, keys[player::PLAYERS]) for player in range(PLAYERS)]
    told = workers.at_once(_do, [*shares, *((steer, ready_database, name, by) for by in ("ann", "bob"))])

    ends = Counter(end for share in told if share for end in share)
    ran, look = ran_as(store.edition(name)), status(store, name)
    with store.session(read_only=True) as session:
        held, done = attempts.of(session, ran), acts.of(session, name)
    # Each attempt that began has ended as its task told it, once.
    assert Counter((a.number, a.attempt, a.outcome) for a in held) == ends
    assert set(ends.values()) == {1}
    assert {a.outcome for a in held if a.kind is FailureKind.INFRASTRUCTURE} == {AttemptOutcome.FAILED}
    again = {a.number for a in held if a.attempt == 2}
    assert again == {a.number for a in held if a.kind is FailureKind.INFRASTRUCTURE}
    assert again
    # Each trial counts once, in one state.
    own, progress = own_trials(store.optuna.records(name)), look.progress
    assert len({one.key for one in own}) == len(own) == progress.finished
    assert all(one.state.finished for one in own)
    by_hand = {act.number for act in done if act.act is ActKind.END}
    assert by_hand <= {one.number for one in own if one.number % ENDLESS == 4 and one.state is TrialState.PRUNED}
    assert by_hand
    assert Counter(one.state for one in own) == {
        TrialState.COMPLETE: progress.complete,
        TrialState.PRUNED: progress.pruned,
        TrialState.FAIL: progress.failed,
    }
    assert progress.failed > 0
    # Every act of either person has its effect, and stands in the audit.
    assert Counter(act.act for act in done if act.act is not ActKind.END) == {
        ActKind.SET: 6,
        ActKind.ADD: 2,
        ActKind.STOP: 1,
    }
    assert store.edition(name).study.max_trials == 60 + 5 + 7
    assert {0.111, 0.222} <= {one.params["x"] for one in own}
    assert finish(store, look).data["end"] == End.STOPPED
    assert _most_at_once(held) <= MOST * parts
    if scenarios:
        _check_simulations(store, name, scenarios)


def _check_simulations(store: Store, name: str, scenarios: list[str]) -> None:
    found = simulations_of(store, name)
    for trial in own_trials(store.optuna.records(name)):
        theirs = own_trials(found[trial.number])
        assert (
            sorted(str(one.params["scenario"]) for one in store.optuna.parts(ran_as(store.edition(name)), trial.number))
            == scenarios
        )
        assert all(one.state.finished for one in theirs)
        if trial.state is TrialState.COMPLETE:
            values = [one.value for one in theirs if one.value is not None]
            assert trial.value == pytest.approx(sum(values) / len(scenarios))


def _most_at_once(held: list[Any]) -> int:
    changes = sorted([(a.finished, -1) for a in held] + [(a.started, 1) for a in held])
    running = most = 0
    for _, change in changes:
        running += change
        most = max(most, running)
    return most


def _do(work: Any, *arguments: Any) -> Any:
    return work(*arguments)
