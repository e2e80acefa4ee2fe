"""A tag that means another image today: what a cleared trial does and says, and who else says so."""

from __future__ import annotations

import logging

import pytest

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.evaluations.compare import compare_evaluations
from airflow_hpo.storage import attempts
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.run_tasks import RunTasks
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.why import explain
from airflow_hpo.trials.claim import Reruns
from airflow_hpo.trials.run import TrialRun
from tests.integration.evaluated import CHAMPION, LOSS, challenger, evaluated
from tests.integration.trial_tasks import WORK, Tuned, declared, task_try_of

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
TAG = "registry.example.com/sim:1.4"
TWO = "Trials ran under 2 images: sha256:aaaaaaaaaaaa (1 trial), sha256:bbbbbbbbbbbb (1)."


def ran(tuned: Tuned, request: TrialRequest, digest: str | None, tag: str | None = TAG, try_number: int = 1) -> int:
    """Run a trial in a pod whose image had a digest."""
    place = Placement(pod="p", node="n", image=digest and f"registry.example.com/sim@{digest}", image_tag=tag)
    return tuned.complete(request, try_number=try_number, placement=place).number


def answers(tuned: Tuned, request: TrialRequest, rerun: Reruns = "changed", try_number: int = 2) -> bool:
    return tuned.claim(request, try_number, rerun=rerun).answered


@pytest.fixture
def requests(tuned: Tuned) -> list[TrialRequest]:
    return tuned.suggest()


@pytest.fixture
def mended(tuned: Tuned, requests: list[TrialRequest]) -> TrialRequest:
    """A trial of an image whose tag meant another one in a later pod."""
    ran(tuned, requests[0], OLD)
    ran(tuned, requests[1], NEW)
    return requests[0]


def test_a_trial_runs_again_when_a_later_pod_of_its_tag_had_another_digest(tuned: Tuned, mended: TrialRequest) -> None:
    assert not answers(tuned, mended)


def test_its_rerun_says_why_it_runs(tuned: Tuned, mended: TrialRequest) -> None:
    assert tuned.claim(mended, 2).because == f"it ran image {OLD} and a later pod of {TAG} ran {NEW}"


def test_its_rerun_answers_once_it_has_run(tuned: Tuned, mended: TrialRequest) -> None:
    ran(tuned, mended, NEW, try_number=2)
    assert answers(tuned, mended, try_number=3)


def test_a_rerun_on_a_node_that_still_has_the_old_image_does_not_run_for_ever(
    tuned: Tuned, mended: TrialRequest
) -> None:
    ran(tuned, mended, OLD, try_number=2)
    assert answers(tuned, mended, try_number=3)


def test_a_later_pod_of_another_study_counts(tuned: Tuned, requests: list[TrialRequest], store: Store) -> None:
    ran(tuned, requests[0], OLD)
    other = Tuned(store, declared(name="another"))
    ran(other, other.suggest()[0], NEW)
    assert not answers(tuned, requests[0])


def test_a_later_pod_that_failed_counts(tuned: Tuned, requests: list[TrialRequest]) -> None:
    ran(tuned, requests[0], OLD)
    _, attempt = tuned.started(requests[1])
    with tuned.store.session() as session:
        where = Placement(image=f"sim@{NEW}", image_tag=TAG)
        attempts.finish(session, attempt, Outcome.failed("It broke.", placement=where))
    assert not answers(tuned, requests[0])


@pytest.mark.parametrize(
    ("digest", "tag"),
    [(OLD, TAG), (NEW, "registry.example.com/sim:1.5"), (None, None), (NEW, None)],
    ids=["the same digest", "another tag", "no pod", "a tag that was not stored"],
)
def test_a_trial_answers_after_a_pod_of(
    tuned: Tuned, requests: list[TrialRequest], digest: str | None, tag: str | None
) -> None:
    ran(tuned, requests[0], OLD)
    ran(tuned, requests[1], digest, tag)
    assert answers(tuned, requests[0])


def test_a_trial_answers_after_an_earlier_pod_of_another_digest(tuned: Tuned, mended: TrialRequest) -> None:
    assert answers(tuned, mended.model_copy(update={"key": "001/1", "number": 1}))


def test_a_trial_answers_when_its_tag_means_the_same_image_again(tuned: Tuned, mended: TrialRequest) -> None:
    third = tuned.suggest(2)[0]
    ran(tuned, third, OLD)
    assert answers(tuned, mended)


def test_a_trial_whose_image_is_named_by_digest_answers(tuned: Tuned, requests: list[TrialRequest]) -> None:
    ran(tuned, requests[0], OLD, f"sim@{OLD}")
    ran(tuned, requests[1], NEW, f"sim@{OLD}")
    assert answers(tuned, requests[0])


def test_a_trial_of_before_tags_were_stored_answers(tuned: Tuned, requests: list[TrialRequest]) -> None:
    ran(tuned, requests[0], OLD, None)
    ran(tuned, requests[1], NEW)
    assert answers(tuned, requests[0])


def test_the_same_try_never_runs_a_trial_twice(tuned: Tuned, mended: TrialRequest) -> None:
    assert answers(tuned, mended, try_number=1)


@pytest.mark.parametrize(
    ("image", "tag", "said"),
    [
        (OLD, TAG, f"It is answered from image {OLD}, the tag was not looked at; `rerun='always'` runs it."),
        (OLD, None, f"It is answered from image {OLD}, the tag was not looked at; `rerun='always'` runs it."),
        (OLD, f"sim@{OLD}", f"It is answered from image {OLD}, which the pod names by this digest."),
        (None, None, None),
    ],
    ids=["a tag", "a tag that was not stored", "a digest", "no image"],
)
def test_an_answer_says_from_which_image_it_is(
    tuned: Tuned,
    requests: list[TrialRequest],
    image: str | None,
    tag: str | None,
    said: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran(tuned, requests[0], image, tag)
    caplog.set_level("INFO", logger="test")
    run = TrialRun(tuned.store, logging.getLogger("test"), 2.0)
    run.claim(requests[0], WORK, task_try_of("001/0", 2))
    assert run.answer() is not None
    assert caplog.messages[0] == "Trial 0 is complete in the study; nothing is run."
    assert [line for line in caplog.messages if "image" in line] == ([said] if said else [])


def test_a_study_under_two_images_says_so_in_why_and_at_its_end(tuned: Tuned, mended: TrialRequest) -> None:
    assert explain(tuned.store, tuned.name, RunTasks("running", ())).study[-1] == TWO
    assert TWO in finish(tuned.store, status(tuned.store, tuned.name)).text.splitlines()


def test_a_trial_that_was_run_again_counts_with_its_new_image(tuned: Tuned, mended: TrialRequest) -> None:
    ran(tuned, mended, NEW, try_number=2)
    assert "images" not in finish(tuned.store, status(tuned.store, tuned.name)).text


def test_a_decision_on_evaluations_under_two_images_says_so(store: Store) -> None:
    images = {"champion": OLD, "trial 7": NEW}
    values = {"champion": [10.0, 12.0, 11.0], "trial 7": [9.0, 11.0, 10.0]}
    placed = {name: Placement(image=f"sim@{digest}", image_tag=TAG) for name, digest in images.items()}
    name = evaluated(store, values, [challenger(7), CHAMPION], placed=placed)
    said = "Evaluations ran under 2 images: sha256:aaaaaaaaaaaa (3 evaluations), sha256:bbbbbbbbbbbb (3)."
    kept = compare_evaluations(store, [name], LOSS, ComparisonRule()).comparison
    assert kept.sentence.endswith(f" {said}")
    assert said in kept.report
