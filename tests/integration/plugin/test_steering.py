"""Acts on running studies over the pages' API: by right, with the person's name, and with the sentences of the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.models import Log  # noqa: TID251
from airflow.utils.session import create_session  # noqa: TID251
from fastapi import FastAPI
from sqlalchemy import delete, select
from starlette.testclient import TestClient

from airflow_hpo.core.act import Act
from airflow_hpo.storage import acts, editions
from airflow_hpo.studies.store import Store
from tests.integration.plugin.people import Person, only_of
from tests.integration.trial_tasks import Tuned, declared


@pytest.fixture
def running(store: Store) -> Iterator[Tuned]:
    """A study that runs; Airflow's audit is empty."""
    yield Tuned(store, declared(max_parallelism=8, space={"x": {"type": "int", "low": 1, "high": 50}}))
    with create_session() as session:
        session.execute(delete(Log))


@pytest.fixture
def user(person: Callable[[str], Person]) -> Person:
    """Somebody who may edit DAGs."""
    return person("USER")


def path(running: Tuned, act: str) -> str:
    return f"/studies/{running.store.read(editions.row_id, running.name)}/{act}"


def told(person: Person, running: Tuned, act: str, body: dict[str, Any]) -> str:
    answer = person.post(path(running, act), body)
    assert answer.status_code == 200, answer.json()
    sentence: str = answer.json()["sentence"]
    return sentence


def done(running: Tuned) -> list[Act]:
    return running.store.read(acts.of, running.name)


def test_settings_are_changed_together_and_kept_with_who_set_them(user: Person, running: Tuned) -> None:
    body = {"parallelism": 7, "max_trials": 20, "timeout_seconds": 5400, "sampler": "tpe"}
    said = told(user, running, "settings", body)
    assert said.startswith(
        "demo@r: 20 trials, 7 at once, timeout 1:30:00, sampler tpe. This run differs from its file: "
    )
    [act] = done(running)
    assert (act.act, act.by) == ("set", "user")
    assert told(user, running, "settings", {"timeout_seconds": None}).startswith(
        "demo@r: 20 trials, 7 at once, no timeout"
    )


def test_what_is_not_sent_stays_as_it_is(user: Person, running: Tuned) -> None:
    assert told(user, running, "settings", {"max_trials": 20}).startswith("demo@r: 20 trials, 4 at once, no timeout")


def test_more_trials_are_wanted(user: Person, running: Tuned) -> None:
    assert told(user, running, "extend", {"trials": 20}).startswith("demo@r: 30 trials, 4 at once")


def test_a_point_is_evaluated_next_also_as_a_form_sends_it(user: Person, running: Tuned) -> None:
    assert told(user, running, "trials", {"params": {"x": "7"}}) == "x=7 is evaluated next, as trial 0 of demo@r."
    assert told(user, running, "trials", {"params": {"x": 7}}) == "x=7 waits already, as trial 0 of demo@r."
    assert running.suggest()[0].params == {"x": 7}


def test_a_running_trial_is_ended(user: Person, running: Tuned) -> None:
    request = running.suggest()[0]
    running.started(request)
    said = told(user, running, f"trials/{request.number}/end", {})
    assert said == "Trial 0 of demo@r is ended and pruned, which is no failure."


def test_a_study_is_stopped_with_a_reason_or_in_the_name_of_the_person(user: Person, running: Tuned) -> None:
    said = told(user, running, "stop", {"reason": "Enough.", "running": "stop"})
    assert said == "demo@r is stopped: nothing further is started. Reason: Enough. Nothing runs."
    assert [(act.by, act.details) for act in done(running)] == [("user", {"reason": "Enough."})]
    assert told(user, running, "stop", {}).startswith("demo@r was stopped before")


def test_without_a_reason_the_person_is_the_reason(user: Person, running: Tuned) -> None:
    assert "Reason: user asked for it." in told(user, running, "stop", {})


BODIES: dict[str, dict[str, Any]] = {
    "settings": {"max_trials": 20},
    "extend": {"trials": 1},
    "trials": {"params": {"x": 7}},
    "trials/0/end": {},
    "stop": {},
}


@pytest.mark.parametrize("act", BODIES)
def test_who_may_only_read_changes_nothing_and_is_in_the_audit(act: str, viewer: Person, running: Tuned) -> None:
    answer = viewer.post(path(running, act), BODIES[act])
    assert answer.status_code == 403
    assert (
        answer.json()["detail"]
        == "This needs the right to edit the DAG tune, which you do not have. Ask an administrator."
    )
    assert done(running) == []
    with create_session() as session:
        [log] = session.scalars(select(Log))
        assert (log.event.startswith("hpo_"), log.owner) == (True, "viewer")
        assert (log.dag_id, log.run_id) == ("tune", "r")


@pytest.mark.parametrize("act", BODIES)
def test_a_study_of_another_dag_is_not_there(
    act: str, user: Person, running: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_of("another", monkeypatch)
    assert user.post(path(running, act), BODIES[act]).status_code == 404
    assert done(running) == []


@pytest.mark.parametrize("act", BODIES)
def test_a_study_that_is_not_there_is_in_the_audit_too(act: str, user: Person, running: Tuned) -> None:
    assert user.post(f"/studies/999/{act}", BODIES[act]).status_code == 404
    with create_session() as session:
        [log] = session.scalars(select(Log))
        assert (log.owner, log.dag_id) == ("user", None)


@pytest.mark.parametrize("act", BODIES)
def test_a_post_that_another_site_forges_changes_nothing(act: str, served: FastAPI, running: Tuned) -> None:
    browser = Person.in_a_browser(TestClient(served), "ADMIN", {})
    assert browser.post(path(running, act), BODIES[act]).status_code == 403
    assert done(running) == []


WRONG: dict[str, tuple[str, Any, int, str]] = {
    "no setting": ("settings", {}, 422, "at least one other setting"),
    "a setting that is none": ("settings", {"paralelism": 4}, 422, "paralelism"),
    "text for a number": ("settings", {"parallelism": "many"}, 422, "parallelism"),
    "more at once than was laid out": ("settings", {"parallelism": 9}, 422, "Write max_parallelism=9 in its file"),
    "a timeout of nothing": ("settings", {"timeout_seconds": 0}, 422, "must be positive"),
    "a timeout that no clock holds": ("settings", {"timeout_seconds": 1e30}, 422, "timeout"),
    "a sampler that is none": ("settings", {"sampler": "tep"}, 422, "Did you mean 'tpe'"),
    "no more trials": ("extend", {"trials": 0}, 422, "1 trial or more"),
    "a number that is too large": ("extend", {"trials": 2**40}, 422, "trials"),
    "a point outside the space": ("trials", {"params": {"x": 99}}, 422, "must lie in the space"),
    "a point that is no number": ("trials", {"params": {"x": "seven"}}, 422, "x"),
    "a parameter that is none": ("trials", {"params": {"y": 1}}, 422, "names parameters"),
    "no value": ("trials", {"params": {}}, 409, "at least one value"),
    "a trial that is not there": ("trials/9/end", {}, 404, "has no trial 9"),
    "another fate than there is": ("stop", {"running": "kill"}, 422, "running"),
    "a reason that no database takes": ("stop", {"reason": "a\0"}, 422, "reason"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_gets_one_sentence_and_changes_nothing(case: str, user: Person, running: Tuned) -> None:
    act, body, status, said = WRONG[case]
    answer = user.post(path(running, act), body)
    assert (answer.status_code, "\n" in answer.json()["detail"]) == (status, False), answer.json()
    assert said in answer.json()["detail"]
    assert done(running) == []


@pytest.mark.parametrize("act", ["settings", "extend", "trials"])
def test_a_study_that_is_over_is_changed_no_more(act: str, user: Person, running: Tuned) -> None:
    told(user, running, "stop", {})
    answer = user.post(path(running, act), BODIES[act])
    assert (answer.status_code, "is over" in answer.json()["detail"]) == (409, True)
