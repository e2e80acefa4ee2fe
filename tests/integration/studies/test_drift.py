from __future__ import annotations

from collections.abc import Callable

from airflow_hpo.storage import comparisons
from airflow_hpo.storage.comparisons import Finding
from airflow_hpo.studies.open import enter_champion
from airflow_hpo.studies.optimum_drift import drift_rows
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import Tuned, declared

CHAMPION = {"x": 0.5, "kind": "a"}


def tune(store: Store, run: str, score: Callable[[float], float], champion: dict[str, object] | None = CHAMPION) -> str:
    """Tune an edition of four trials, the champion's first, and return its name."""
    tuned = Tuned(store, declared(), run)
    if champion:
        enter_champion(store, store.edition(tuned.name), champion)
    for request in tuned.suggest():
        tuned.complete(request, score(float(request.params["x"])))
    return tuned.name


def decide(
    store: Store, edition: str, champion: float, challenger: float, verdict: str = "keep", look: int = 1
) -> None:
    found = Finding(
        digest=f"{edition}{look}".ljust(64, "0")[:64],
        edition=edition,
        family="demo",
        parameter_set="demo",
        champion_version=3,
        look=look,
        verdict=verdict,
        sentence="As it is.",
        decision={
            "challenger": "trial 1",
            "challengers": [
                {"candidate": "trial 2", "improvement": {"champion": champion, "challenger": 99.0}},
                {"candidate": "trial 1", "improvement": {"champion": champion, "challenger": challenger}},
            ],
        },
        selection=None,
        report="",
        evaluations=[],
    )
    with store.session() as session:
        comparisons.keep(session, found)


def test_editions_are_shown_the_oldest_first(store: Store) -> None:
    names = [tune(store, run, lambda x: x) for run in ("2026-01", "2026-02")]
    assert [row["edition"] for row in drift_rows(store, "demo")] == names


def test_the_champions_own_trial_tells_how_its_score_moves(store: Store) -> None:
    tune(store, "2026-01", lambda x: x)
    tune(store, "2026-02", lambda x: x + 1)
    assert [row["champion"] for row in drift_rows(store, "demo")] == [0.5, 1.5]


def test_the_optimum_comes_with_its_parameters(store: Store) -> None:
    tune(store, "2026-01", lambda x: abs(x - 0.5))
    (row,) = drift_rows(store, "demo")
    assert (row["best"], row["params.x"], row["params.kind"]) == (0.0, 0.5, "a")


def test_an_edition_without_a_champion_has_no_score_of_one(store: Store) -> None:
    tune(store, "2026-01", lambda x: x, champion=None)
    assert [row["champion"] for row in drift_rows(store, "demo")] == [None]


def test_a_champion_that_was_run_again_has_its_newest_score(store: Store) -> None:
    name = tune(store, "2026-01", lambda x: x)
    tuned = Tuned(store, declared(), "2026-01")
    again = tuned.claim(tuned.suggest()[0], work="ab" * 8)
    tuned.conclude(again, tuned.begin(again), 0.25)
    assert again.request.study == name
    assert [row["champion"] for row in drift_rows(store, "demo")] == [0.25]


def test_the_comparison_tells_what_champion_and_challenger_scored_in_the_test(store: Store) -> None:
    name = tune(store, "2026-01", lambda x: x)
    decide(store, name, champion=7.0, challenger=6.0, verdict="promote")
    (row,) = drift_rows(store, "demo")
    tested = (row["version"], row["test_champion"], row["test_challenger"], row["verdict"])
    assert tested == (3, 7.0, 6.0, "promote")


def test_the_last_look_of_a_comparison_is_the_one_that_counts(store: Store) -> None:
    name = tune(store, "2026-01", lambda x: x)
    decide(store, name, 7.0, 6.0, "inconclusive", look=1)
    decide(store, name, 7.0, 5.0, "promote", look=2)
    assert [(row["test_challenger"], row["verdict"]) for row in drift_rows(store, "demo")] == [(5.0, "promote")]


def test_only_the_newest_editions_are_shown_when_there_are_many(store: Store) -> None:
    names = [tune(store, run, lambda x: x) for run in ("2026-01", "2026-02", "2026-03")]
    assert [row["edition"] for row in drift_rows(store, "demo", limit=2)] == names[1:]
