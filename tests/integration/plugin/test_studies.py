"""Lists of studies and one of them, as a person reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from airflow_hpo.core.act import ActKind
from airflow_hpo.core.budget import End
from airflow_hpo.core.progress import Progress
from airflow_hpo.pages.studies import list_studies
from airflow_hpo.pages.study_filter import StudyFilter
from airflow_hpo.storage import acts, attempts, editions
from airflow_hpo.storage.tables import EditionRow
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from tests.integration.plugin.people import Person
from tests.integration.timed_pods import pods
from tests.integration.trial_tasks import Tuned, declared

MARKUP = 'x"><img src=q onerror=alert(1)>'


@pytest.fixture
def tried(store: Store) -> Tuned:
    """A study with a trial of each kind: two complete, one failed, one running."""
    tuned = Tuned(store, declared())
    first, second, third, fourth = tuned.suggest()
    tuned.complete(first, 0.5)
    tuned.complete(second, 0.25)
    tuned.fail(third)
    tuned.started(fourth)
    return tuned


def listed(person: Person, **asked: Any) -> list[dict[str, Any]]:
    answer = person.get("/studies", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["studies"]
    return found


def id_of(store: Store, name: str) -> int:
    return store.read(editions.row_id, name)


def test_a_line_tells_how_a_study_stands(tried: Tuned, viewer: Person) -> None:
    (line,) = listed(viewer)
    assert line["name"] == "demo@r"
    assert line["counts"] == {"complete": 2, "pruned": 0, "failed": 1, "running": 1, "waiting": 0}
    assert line["failures"] == {"program": 1}
    assert (line["best"]["number"], line["best"]["value"]) == (1, 0.25)
    assert line["best"]["params"] == tried.records()[1].params
    assert (line["state"], line["wanted"], line["metric"], line["direction"]) == ("running", 10, "loss", "minimize")
    assert line["seconds_left"] >= 0


def agrees(line: dict[str, Any], progress: Progress) -> bool:
    counts, best = line["counts"], progress.best
    told = (counts["complete"], counts["pruned"], counts["failed"], counts["running"] + counts["waiting"])
    known = (progress.complete, progress.pruned, progress.failed, progress.running)
    return told == known and (line["best"] or {}).get("number") == (best.number if best else None)


def test_a_line_counts_as_the_study_does_when_trials_are_replaced_and_taken_back(tried: Tuned, viewer: Person) -> None:
    records = {record.number: record for record in tried.records()}
    invalidate(tried.store, tried.name, 1, "Wrong data.")
    (line,) = listed(viewer)
    assert agrees(line, tried.progress())
    assert line["best"]["number"] == 0, records


def test_a_constraint_on_a_metric_decides_which_trial_is_the_best(store: Store, viewer: Person) -> None:
    from airflow_hpo.core.metric_constraint import MetricConstraint

    tuned = Tuned(store, declared(constraints=[MetricConstraint("time_s", at_most=3)]))
    first, second, *_ = tuned.suggest()
    tuned.complete(first, 0.1, metrics={"time_s": 9.0})
    tuned.complete(second, 0.5, metrics={"time_s": 1.0})
    (line,) = listed(viewer)
    assert agrees(line, tuned.progress())
    assert line["best"]["number"] == 1


def test_an_ended_study_tells_its_end_and_no_cause(tried: Tuned, viewer: Person) -> None:
    with tried.store.session() as session:
        editions.finish(session, tried.name, End.STOPPED, "Good enough.", tried.records()[1])
    (line,) = listed(viewer, state="ended")
    assert (line["state"], line["end"], line["reason"], line["cause"]) == ("ended", "stopped", "Good enough.", None)
    assert line["best"]["params"] == tried.records()[1].params
    assert listed(viewer, state="running") == []


def test_a_study_that_its_dag_run_left_says_so_and_what_to_do(store: Store) -> None:
    Tuned(store, declared())
    everything = list_studies(
        store,
        StudyFilter(state="left"),
        lambda dag_ids: set(dag_ids),
        lambda runs: dict.fromkeys(runs, "failed"),
        limit=5,
        before=None,
        counted=True,
    )
    (line,) = everything.studies
    assert line.state == "left"
    assert "Clear the run's tasks" in (line.cause or "")


def test_trials_that_wait_are_told_with_what_they_wait_for(store: Store, viewer: Person) -> None:
    tuned = Tuned(store, declared())
    for request in tuned.suggest():
        attempt = tuned.in_pod(request)
        with store.session() as session:
            attempts.wait_for(session, replace(attempt, waits_for="node: 0/3 nodes fit"))
    (line,) = listed(viewer)
    assert (line["counts"]["running"], line["counts"]["waiting"]) == (0, 4)
    assert line["cause"] == "No trial runs: 4 of 4 wait for a node (0/3 nodes fit)."


def test_a_list_goes_on_at_its_cursor(store: Store, viewer: Person) -> None:
    for run in "abc":
        Tuned(store, declared(), run)
    first = viewer.get("/studies", params={"limit": 2}).json()
    then = viewer.get("/studies", params={"limit": 2, "cursor": first["next"]}).json()
    assert [line["run"] for line in first["studies"] + then["studies"]] == ["c", "b", "a"]
    assert (first["total"], then["next"]) == (3, None)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"q": "EM"}, ["demo@b", "demo@a"]),
        ({"q": "o@A"}, ["demo@a"]),
        ({"q": "%"}, []),
        ({"family": "demo"}, ["demo@b", "demo@a"]),
        ({"dag_id": "tune", "run_id": "r"}, ["demo@b", "demo@a"]),
        ({"dag_id": "other"}, []),
        ({"evaluates": "true"}, []),
    ],
    ids=lambda asked: str(asked),
)
def test_a_list_is_filtered(asked: dict[str, str], expected: list[str], store: Store, viewer: Person) -> None:
    for run in "ab":
        Tuned(store, declared(), run)
    assert [line["name"] for line in listed(viewer, **asked)] == expected


def test_a_study_is_told_with_what_a_page_shows(tried: Tuned, viewer: Person) -> None:
    with tried.store.session() as session:
        acts.note(session, tried.name, ActKind.END, "ann", 3)
    page = viewer.get(f"/studies/{id_of(tried.store, tried.name)}").json()
    assert page["sentence"] == "2 of 10 trials are successful; the best loss is 0.25 (trial 1)."
    assert [each["name"] for each in page["parameters"]] == ["x", "kind"]
    assert page["parameters"][1]["choices"] == ["a", "b"]
    assert page["metrics"] == ["loss", "time_s"]
    assert page["settings"]["parallelism"] == 4
    assert page["declaration"]["name"] == "demo"
    assert [each["name"] for each in page["editions"]] == [tried.name]
    assert page["acts"][0]["by"] == "ann"
    assert page["comparisons"] == []
    assert page["may"] == {"steer": False, "clear": False}


def test_a_page_says_what_takes_the_time(store: Store, viewer: Person) -> None:
    waited = pods(store)
    page = viewer.get(f"/studies/{id_of(store, waited.name)}").json()
    assert page["bottleneck"].startswith("5 of 5 pods waited for a node")


def test_who_may_edit_a_dag_may_steer_its_studies(tried: Tuned, person: Callable[[str], Person]) -> None:
    page = person("USER").get(f"/studies/{id_of(tried.store, tried.name)}").json()
    assert page["may"] == {"steer": True, "clear": True}


@pytest.mark.parametrize("number", ["999", "0", "-1", "99999999999", "x", MARKUP])
def test_a_study_that_is_not_there_is_answered_by_one_sentence(number: str, viewer: Person) -> None:
    answer = viewer.get(f"/studies/{number}")
    assert answer.status_code in (404, 422)
    assert isinstance(answer.json()["detail"], str)


def test_names_with_markup_are_told_as_they_are(tried: Tuned, viewer: Person) -> None:
    with tried.store.session() as session:
        row = session.get_one(EditionRow, id_of(tried.store, tried.name))
        row.reason, row.dag_id = MARKUP, MARKUP
    answer = viewer.get("/studies", params={"q": MARKUP})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["studies"][0]["dag_id"] == MARKUP


def test_drift_tells_the_best_of_each_edition(store: Store, viewer: Person) -> None:
    for run, value in (("a", 0.5), ("b", 0.25)):
        tuned = Tuned(store, declared(name="dispatch/tokyo"), run)
        tuned.complete(tuned.suggest()[0], value)
        finish(store, status(store, tuned.name), accept_incomplete=True)
    drift = viewer.get("/families/dispatch/tokyo/drift").json()
    assert [(each["name"], each["best_value"]) for each in drift["editions"]] == [
        ("dispatch/tokyo@a", 0.5),
        ("dispatch/tokyo@b", 0.25),
    ]
    assert drift["editions"][0]["best_params"]
    assert drift["promotions"] == []


def test_drift_of_an_unknown_family_is_not_found(viewer: Person) -> None:
    assert viewer.get("/families/nothing/drift").status_code == 404


def test_a_list_of_many_ended_editions_takes_as_many_statements_as_one(store: Store, viewer: Person) -> None:
    def statements() -> int:
        seen: list[str] = []
        engine = store.database.pooled.engine
        note = lambda *told: seen.append(told[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", note)
        assert listed(viewer)
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    def ended(run: str) -> None:
        tuned = Tuned(store, declared(), run)
        tuned.complete(tuned.suggest()[0], 0.5)
        with store.session() as session:
            editions.finish(session, tuned.name, End.STOPPED, "Good enough.", tuned.records()[0])

    ended("a")
    listed(viewer)
    one = statements()
    for run in "bcd":
        ended(run)
    assert statements() == one


def test_why_a_study_is_where_it_is_is_told_as_by_the_command(tried: Tuned, viewer: Person) -> None:
    told = viewer.get(f"/studies/{id_of(tried.store, tried.name)}/why").json()
    assert told["study"]
    assert [(each["number"], each["state"]) for each in told["trials"]] == [(3, "running"), (2, "fail")]
    assert "It broke." in told["trials"][1]["why"]
