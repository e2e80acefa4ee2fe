from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import optuna
import pytest
from sqlalchemy import text

from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.space.space import Float, Int, fits
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin, TrialRequest, TrialState
from airflow_hpo.exceptions import PermanentHpoError, StoreUnavailableError, StudyNotFoundError
from airflow_hpo.optuna import ask, insert
from airflow_hpo.optuna.migrate import optuna_storage
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.database import Database
from tests.integration.optuna.conftest import EDITION, declared

KEYS = ["001/0", "001/1", "001/2", "001/3"]


class Crash(Exception):
    """Stands for the death of a process."""


def finish(studies: OptunaStudies, requests: list[TrialRequest]) -> None:
    for request in requests:
        studies.tell(EDITION, request.number, TrialState.COMPLETE, float(request.params["x"]))


def ask_in_process(database: Database, keys: list[str]) -> list[TrialRequest]:
    return OptunaStudies(database).ask(EDITION, declared(), keys)


def test_a_batch_is_running_trials_inside_the_space(studies: OptunaStudies, study: Study) -> None:
    requests = studies.ask(EDITION, study, KEYS)
    assert [request.key for request in requests] == KEYS
    assert [request.number for request in requests] == [0, 1, 2, 3]
    assert all(fits(study.space, request.params) for request in requests)
    assert {record.state for record in studies.records(EDITION)} == {TrialState.RUNNING}


def test_asking_for_the_same_keys_returns_the_same_trials(studies: OptunaStudies, study: Study) -> None:
    first = studies.ask(EDITION, study, KEYS)
    finish(studies, first[:2])
    assert studies.ask(EDITION, study, KEYS) == first
    assert len(studies.records(EDITION)) == 4


def test_only_missing_keys_become_trials(studies: OptunaStudies, study: Study) -> None:
    first = studies.ask(EDITION, study, KEYS[:2])
    assert studies.ask(EDITION, study, KEYS)[:2] == first
    assert len(studies.records(EDITION)) == 4


def test_requests_say_what_the_store_says(studies: OptunaStudies, study: Study) -> None:
    requests = studies.ask(EDITION, study, KEYS)
    records = studies.records(EDITION)
    assert [(r.key, r.number, r.params, r.seed) for r in requests] == [
        (r.key, r.number, r.params, r.seed) for r in records
    ]
    assert len({record.seed for record in records}) == 4


def test_no_more_trials_start_than_allowed(studies: OptunaStudies, study: Study) -> None:
    requests = studies.ask(EDITION, study, KEYS, allow=lambda _, records: 3 - len(records))
    assert [request.key for request in requests] == KEYS[:3]
    assert studies.ask(EDITION, study, KEYS, allow=lambda _, records: 3 - len(records)) == requests


def test_a_killed_ask_leaves_no_trial_and_is_made_again(
    studies: OptunaStudies, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, added = insert.add_running, []

    def add_two(*args: Any) -> int:
        if len(added) == 2:
            raise Crash
        added.append(add(*args))
        return added[-1]

    with monkeypatch.context() as patch:
        patch.setattr(ask, "add_running", add_two)
        with pytest.raises(Crash):
            studies.ask(EDITION, study, KEYS)
    assert studies.records(EDITION) == []
    assert [request.number for request in studies.ask(EDITION, study, KEYS)] == [0, 1, 2, 3]


def test_processes_that_ask_for_the_same_keys_get_the_same_trials(
    studies: OptunaStudies, optuna_database: Database
) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        answers = [future.result() for future in [pool.submit(ask_in_process, optuna_database, KEYS) for _ in range(4)]]
    assert all(answer == answers[0] for answer in answers)
    assert [record.number for record in studies.records(EDITION)] == [0, 1, 2, 3]


def test_processes_that_ask_for_other_keys_get_other_trials(studies: OptunaStudies, optuna_database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        futures = [pool.submit(ask_in_process, optuna_database, [f"001/{i}", f"002/{i}"]) for i in range(4)]
        requests = [request for future in futures for request in future.result()]
    assert sorted(request.number or 0 for request in requests) == list(range(8))
    assert len({repr(request.params) for request in requests}) == 8


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes", "nsga2"])
def test_every_sampler_runs_a_study(studies: OptunaStudies, sampler: str) -> None:
    study = declared(name=sampler, sampler=sampler)
    studies.create(f"{sampler}@1", study)
    for batch in range(3):
        for request in studies.ask(f"{sampler}@1", study, [f"{batch}/{i}" for i in range(4)]):
            assert fits(study.space, request.params)
            studies.tell(f"{sampler}@1", request.number, TrialState.COMPLETE, float(request.params["x"]))
    assert len({repr(record.params) for record in studies.records(f"{sampler}@1")}) == 12


def test_a_low_discrepancy_sequence_goes_on_after_a_crash_without_repeating_a_point(studies: OptunaStudies) -> None:
    study = declared(name="q", sampler="qmc", space={"x": declared().space["x"]})
    studies.create("q@1", study)
    for batch in range(4):
        studies.ask("q@1", study, [f"{batch}/0", f"{batch}/1"])
    values = sorted(float(record.params["x"]) for record in studies.records("q@1"))
    assert len(set(values)) == 8


def test_the_last_batch_of_a_grid_is_smaller_and_the_next_is_empty(studies: OptunaStudies) -> None:
    study = Study(name="g", space={"n": declared().space["n"]}, objective="loss", sampler="grid", parallelism=4)
    studies.create("g@1", study)
    sizes = [len(studies.ask("g@1", study, [f"{batch}/{i}" for i in range(4)])) for batch in range(4)]
    assert sizes == [4, 4, 1, 0]


def test_a_trial_enqueued_from_a_notebook_is_run_once(studies: OptunaStudies, study: Study) -> None:
    studies.load(EDITION).enqueue_trial({"n": 7, "c": None})
    first, second = studies.ask(EDITION, study, KEYS[:2])
    assert (first.params["n"], first.params["c"]) == (7, None)
    assert second.number == 2
    waiting, run, sampled = studies.records(EDITION)
    assert (waiting.state, run.replaces, run.origin) == (TrialState.FAIL, 0, Origin.START_POINT)
    assert sampled.origin is Origin.SAMPLER


@pytest.mark.parametrize(
    ("enqueued", "why"),
    [
        ({"n": 70}, "A point must lie in the space, but got 'n'=70, outside Int(low=1, high=9). Write 'n': 9."),
        ({"n": 7.5}, "A point must lie in the space, but got 'n'=7.5, outside Int(low=1, high=9). Write 'n': 7."),
        ({"m": 7}, "A point names parameters of the space, but got 'm'=7. Write one of x, s, n, c, only_a."),
        ({"c": None, "only_a": 0.5}, "A point sets a parameter only where its condition holds, but got 'only_a'=0.5"),
    ],
    ids=str,
)
def test_an_enqueued_trial_outside_the_space_fails_with_its_reason_and_does_not_count(
    studies: OptunaStudies, study: Study, caplog: pytest.LogCaptureFixture, enqueued: dict, why: str
) -> None:
    studies.load(EDITION).enqueue_trial(enqueued)
    assert fits(study.space, studies.ask(EDITION, study, KEYS[:1])[0].params)
    waiting = studies.records(EDITION)[0]
    assert waiting.state is TrialState.FAIL
    assert waiting.why_invalid.startswith(f"It was enqueued and is not run. {why}")
    assert f"Trial 0 of {EDITION} was enqueued and is not run. {why}" in caplog.text
    assert [each.number for each in own_trials(studies.records(EDITION))] == [1]


def test_an_enqueued_value_that_equals_a_declared_one_is_taken_as_declared(
    studies: OptunaStudies, study: Study
) -> None:
    studies.load(EDITION).enqueue_trial({"n": 7.0, "only_a": 1})
    params = studies.ask(EDITION, study, KEYS[:1])[0].params
    assert repr([params[name] for name in ("n", "c", "only_a")]) == "[7, 'a', 1.0]"


@pytest.mark.parametrize("sampler", ["random", "grid"])
def test_an_enqueued_point_that_another_trial_has_fails_with_its_reason(
    studies: OptunaStudies, sampler: str, caplog: pytest.LogCaptureFixture
) -> None:
    study = Study(name="g", space={"n": Int(1, 3)}, objective="loss", sampler=sampler, max_trials=9)
    studies.create("g@1", study)
    taken = studies.ask("g@1", study, KEYS[:1])[0].params
    studies.load("g@1").enqueue_trial(taken)
    assert studies.ask("g@1", study, KEYS[1:2])[0].params != taken
    assert f"A point is tried once, but another trial has {taken}. Enqueue another one." in caplog.text
    later = [request for key in KEYS[2:] for request in studies.ask("g@1", study, [key])]
    assert [set(request.params) for request in later] == [{"n"}] * (1 if sampler == "grid" else 2)


def test_a_float_with_steps_far_from_zero_is_searched(studies: OptunaStudies) -> None:
    far = Float(1e9, 1e9 + 1, step=0.1)
    study = Study(name="far", space={"x": far}, objective="loss", sampler="random", max_trials=11)
    studies.create("far@1", study)
    found = [request.params["x"] for request in studies.ask("far@1", study, [f"1/{i}" for i in range(11)])]
    assert sorted(found) == list(far.values())


def test_asking_a_study_that_was_never_created_is_refused(studies: OptunaStudies, study: Study) -> None:
    with pytest.raises(StudyNotFoundError):
        studies.ask("other@1", study, KEYS)


def test_a_failed_trial_is_run_again_with_the_same_parameters(studies: OptunaStudies, study: Study) -> None:
    request = studies.ask(EDITION, study, KEYS)[1]
    studies.tell(EDITION, 1, TrialState.FAIL)
    again = studies.rerun(EDITION, 1, "001/1#1")
    record = studies.records(EDITION)[4]
    assert (again.number, again.params, again.seed) == (4, request.params, request.seed)
    assert (record.replaces, record.origin, record.state) == (1, Origin.RERUN, TrialState.RUNNING)


def test_a_rerun_is_found_by_its_key(studies: OptunaStudies, study: Study) -> None:
    studies.ask(EDITION, study, KEYS)
    studies.tell(EDITION, 1, TrialState.FAIL)
    again = studies.rerun(EDITION, 1, "001/1#1")
    studies.tell(EDITION, 4, TrialState.FAIL)
    assert studies.rerun(EDITION, 1, "001/1#1") == again


def test_a_rerun_that_runs_already_is_returned_for_any_key(studies: OptunaStudies, study: Study) -> None:
    studies.ask(EDITION, study, KEYS)
    studies.tell(EDITION, 1, TrialState.FAIL)
    assert studies.rerun(EDITION, 1, "a") == studies.rerun(EDITION, 1, "b")


def test_a_second_rerun_replaces_the_first(studies: OptunaStudies, study: Study) -> None:
    studies.ask(EDITION, study, KEYS)
    studies.tell(EDITION, 1, TrialState.FAIL)
    studies.rerun(EDITION, 1, "a")
    studies.tell(EDITION, 4, TrialState.FAIL)
    studies.rerun(EDITION, 1, "b")
    assert studies.record(EDITION, 5).replaces == 4


def test_a_running_trial_is_not_run_again(studies: OptunaStudies, study: Study) -> None:
    studies.ask(EDITION, study, KEYS)
    with pytest.raises(PermanentHpoError):
        studies.rerun(EDITION, 1, "a")


def test_a_rerun_counts_in_the_generation_it_belongs_to(studies: OptunaStudies) -> None:
    study = declared(name="evolving", sampler="nsga2")
    studies.create("evolving@1", study)
    studies.ask("evolving@1", study, KEYS)
    studies.tell("evolving@1", 0, TrialState.FAIL)
    studies.rerun("evolving@1", 0, "a")
    attrs = [trial.system_attrs for trial in studies.load("evolving@1").get_trials()]
    assert attrs[4]["NSGAIISampler:generation"] == 0


def test_optuna_itself_reads_and_continues_our_studies(
    studies: OptunaStudies, study: Study, optuna_database: Database, request: pytest.FixtureRequest
) -> None:
    finish(studies, studies.ask(EDITION, study, KEYS))
    # A pooler refuses the option with which a URL names the schema; what the hook opens needs none.
    pooled = "pgbouncer" in request.node.name
    storage = optuna_storage(optuna_database) if pooled else optuna_database.url
    loaded = optuna.load_study(study_name=EDITION, storage=storage)
    assert loaded.best_value == min(record.value or 0 for record in studies.records(EDITION))
    assert loaded.metric_names == ["loss"]
    assert len(loaded.trials_dataframe()) == 4
    trial = loaded.ask()
    assert trial.suggest_float("x", 0, 1) >= 0
    loaded._storage.remove_session()


def test_who_lost_the_lock_while_asking_writes_nothing(
    studies: OptunaStudies, optuna_database: Database, study: Study
) -> None:
    if optuna_database.dialect != "postgresql":
        return

    def cut(_: object, records: object) -> int:
        with optuna_database.session() as session:
            ours = (
                "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {ours}"))
        return 1

    with pytest.raises(StoreUnavailableError):
        studies.ask(EDITION, study, ["001/0"], cut)
    assert studies.records(EDITION) == []
    assert studies.ask(EDITION, study, ["001/0"])[0].number == 0


def test_a_trial_is_found_by_its_key_and_only_in_its_study(studies: OptunaStudies, study: Study) -> None:
    studies.create("other@1", study)
    studies.ask("other@1", study, ["001/1"])
    studies.ask(EDITION, study, ["001/0", "001/1"])
    assert [studies.number_of(EDITION, f"001/{index}") for index in range(3)] == [0, 1, None]
    assert studies.keys(EDITION) == {"001/0", "001/1"}


def test_the_latest_of_a_chain_of_reruns_answers_for_every_link(studies: OptunaStudies, study: Study) -> None:
    studies.ask(EDITION, study, ["001/0", "001/1"])
    studies.tell(EDITION, 0, TrialState.FAIL)
    studies.tell(EDITION, studies.rerun(EDITION, 0, "001/0#0").number or 0, TrialState.FAIL)
    studies.rerun(EDITION, 2, "001/0#2")
    assert [studies.latest(EDITION, number).number for number in range(4)] == [3, 1, 3, 3]
