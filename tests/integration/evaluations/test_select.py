"""From a tuned study to those who are evaluated, and from those to the challenger."""

from __future__ import annotations

import pytest

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.evaluations.compare import keep_champion
from airflow_hpo.evaluations.select import choose, shortlist
from airflow_hpo.exceptions import ComparisonError, StudyNotFoundError
from airflow_hpo.parameter_sets.moves import promote
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.stop import request_stop
from airflow_hpo.studies.store import Store
from tests.integration.evaluated import CHAMPION, challenger, evaluated
from tests.integration.trial_tasks import START, Tuned, declared


def tune(tuned: Tuned, *values: float) -> None:
    """Run as many trials as values are given."""
    for batch in range(1, len(values)):
        for request in tuned.suggest(batch):
            if request.number is not None and request.number < len(values):
                tuned.complete(request, value=values[request.number])
    end(tuned)


def end(tuned: Tuned) -> None:
    """End a study as a person does who has seen enough."""
    request_stop(tuned.store, tuned.name, "Enough.")
    finish(tuned.store, status(tuned.store, tuned.name))


def in_use(store: Store, params: dict) -> None:
    promote(store, "demo/tokyo", params, expected=None, key="first", provenance=Provenance(source="a test"))


def test_the_best_of_the_study_come_first_with_where_they_were_found(tuned: Tuned) -> None:
    tune(tuned, 3.0, 1.0, 2.0, 4.0)
    found = shortlist(tuned.store, tuned.name, k=2)
    assert [c.name for c in found.candidates] == ["trial 1", "trial 2"]
    first = found.candidates[0]
    assert (first.study, first.number, first.value) == (tuned.name, 1, 1.0)
    assert first.params == tuned.records()[1].params
    assert found.remarks == []


def test_the_champion_comes_last_with_its_version(tuned: Tuned) -> None:
    tune(tuned, 3.0, 1.0)
    in_use(tuned.store, {"x": 0.123, "kind": "a"})
    champion = shortlist(tuned.store, tuned.name, parameter_set="demo/tokyo").candidates[-1]
    assert champion == Candidate("champion", {"x": 0.123, "kind": "a"}, parameter_set="demo/tokyo", version=1)


def test_before_anything_is_in_use_there_is_no_champion_and_it_is_said(tuned: Tuned) -> None:
    tune(tuned, 3.0, 1.0)
    found = shortlist(tuned.store, tuned.name, parameter_set="demo/tokyo")
    assert [c.role for c in found.candidates] == ["challenger", "challenger"]
    assert found.remarks == ["Nothing is in use yet for 'demo/tokyo', so there is no champion."]


def test_a_trial_with_the_champions_parameters_is_left_out_and_the_next_best_takes_its_place(tuned: Tuned) -> None:
    tune(tuned, 3.0, 1.0, 2.0, 4.0)
    in_use(tuned.store, tuned.records()[1].params)
    found = shortlist(tuned.store, tuned.name, k=2, parameter_set="demo/tokyo")
    assert [c.name for c in found.candidates] == ["trial 2", "trial 0", "champion"]
    assert found.remarks == ["Trial 1 has the champion's parameters and is left out."]
    assert found.candidates[-1].value == 1.0


def test_a_champion_that_the_study_tried_brings_its_value_although_it_is_not_among_the_best(tuned: Tuned) -> None:
    tune(tuned, 3.0, 1.0, 2.0, 4.0)
    in_use(tuned.store, tuned.records()[3].params)
    found = shortlist(tuned.store, tuned.name, k=2, parameter_set="demo/tokyo")
    assert [(c.name, c.value) for c in found.candidates] == [("trial 1", 1.0), ("trial 2", 2.0), ("champion", 4.0)]
    assert found.remarks == []


def test_a_study_whose_only_complete_trial_is_the_champion_keeps_it(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    end(tuned)
    in_use(tuned.store, tuned.records()[0].params)

    found = shortlist(tuned.store, tuned.name, parameter_set="demo/tokyo")

    assert [each.name for each in found.candidates] == ["champion"]
    assert found.kept == (
        "Keep version 1 of 'demo/tokyo': no trial of 'demo@r' with other parameters is complete, so there is nothing to compare "
        "it with. The study was stopped: Enough."
    )


def test_the_decision_to_keep_a_champion_without_a_challenger_is_stored(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    end(tuned)
    in_use(tuned.store, tuned.records()[0].params)
    found = shortlist(tuned.store, tuned.name, parameter_set="demo/tokyo")
    kept = {"sentence": found.kept, "edition": tuned.name}

    first, again = (
        keep_champion(tuned.store, kept, found.candidates[0], tuned.study.objective, ComparisonRule(), START)
        for _ in range(2)
    )

    assert first.comparison.id == again.comparison.id
    assert (first.data["verdict"], first.data["challenger"], first.data["champion_version"]) == ("keep", None, 1)
    assert first.data["report"].startswith("## Keep\n\nKeep version 1")


def test_a_study_without_any_complete_trial_has_no_challenger(tuned: Tuned) -> None:
    end(tuned)
    in_use(tuned.store, {"x": 0.123, "kind": "a"})
    with pytest.raises(ComparisonError, match="other parameters than the champion's"):
        shortlist(tuned.store, tuned.name, parameter_set="demo/tokyo")


@pytest.mark.parametrize("accepted", [False, True])
def test_nothing_is_selected_from_a_study_without_an_end(tuned: Tuned, accepted: bool) -> None:
    tuned.complete(tuned.suggest()[0])
    finish(tuned.store, status(tuned.store, tuned.name), accept_incomplete=accepted)
    with pytest.raises(ComparisonError, match=r"selected from a study that has ended, but 'demo@r' has not\."):
        shortlist(tuned.store, tuned.name)


def test_an_unknown_study_is_an_error(store: Store) -> None:
    with pytest.raises(StudyNotFoundError):
        shortlist(store, "nobody@r")


def test_the_best_when_measured_again_meets_the_champion(store: Store) -> None:
    a, b = challenger(1, value=0.5), challenger(2, value=0.6)
    values = {"trial 1": [3.0, 3.0, 3.0], "trial 2": [2.0, 2.0, 2.0], "champion": [2.5, 2.5, 2.5]}
    name = evaluated(store, values, [a, b, CHAMPION], family="demo/validate")
    chosen = choose(store, name)
    assert chosen.candidates == [b, CHAMPION]
    assert chosen.selections[""].winner == "trial 1"
    # The champion went from 1.0 to 2.5 in the meantime; the winner from 0.5 to 3.0.
    assert chosen.selections[""].inflation.value == pytest.approx(2.5 - 1.5)


def test_more_than_one_challenger_may_meet_the_champion_and_there_need_be_none(store: Store) -> None:
    candidates = [challenger(1), challenger(2), challenger(3)]
    values = {"trial 1": [3.0], "trial 2": [1.0], "trial 3": [2.0]}
    name = evaluated(store, values, candidates)
    assert [c.name for c in choose(store, name, challengers=2).candidates] == ["trial 2", "trial 3"]


def test_a_challenger_that_failed_again_is_not_chosen(store: Store) -> None:
    values = {"trial 1": [1.0, None, None], "trial 2": [9.0, 9.0, 9.0]}
    name = evaluated(store, values, [challenger(1), challenger(2)])
    assert [c.name for c in choose(store, name, challengers=2).candidates] == ["trial 2"]


def test_nobody_can_be_chosen_when_all_challengers_failed(store: Store) -> None:
    name = evaluated(store, {"trial 1": [None, None], "champion": [1.0, 1.0]}, [challenger(1), CHAMPION])
    with pytest.raises(ComparisonError, match="needs results in most scenarios, but none of 1 has them"):
        choose(store, name)


def test_a_challenger_without_the_studys_value_cannot_be_selected(store: Store) -> None:
    name = evaluated(store, {"mine": [1.0]}, [Candidate("mine", {"x": 1.0})])
    with pytest.raises(ComparisonError, match="'mine' has none"):
        choose(store, name)


def two_windows(store: Store) -> dict[str, str]:
    """Tune on two windows, which give the same points other values; return their editions by the windows' names."""
    tuned = {name: Tuned(store, declared(name=f"demo/{name}")) for name in ("16w-8w", "32w-24w")}
    tune(tuned["16w-8w"], 3.0, 1.0, 2.0)
    tune(tuned["32w-24w"], 50.0, 60.0, 40.0)
    return {window: each.name for window, each in tuned.items()}


def test_candidates_of_several_windows_are_named_by_window_and_trial(store: Store) -> None:
    editions = two_windows(store)
    found = shortlist(store, editions, k=2).candidates
    assert [each.name for each in found] == [
        *("trial 1 of 16w-8w", "trial 2 of 16w-8w"),
        *("trial 2 of 32w-24w", "trial 0 of 32w-24w"),
    ]
    assert [(each.study, each.windows) for each in found[1:3]] == [(name, [w]) for w, name in editions.items()]


def test_the_same_points_are_tried_on_all_windows(store: Store) -> None:
    first, second = (store.optuna.records(name) for name in two_windows(store).values())
    assert [each.params for each in first] == [each.params for each in second]


def test_the_champions_of_windows_are_left_out_of_each_and_measured_once(store: Store) -> None:
    editions = two_windows(store)
    in_use(store, store.optuna.records(editions["16w-8w"])[1].params)
    found = shortlist(store, editions, k=1, parameter_set="demo/tokyo")
    assert [each.name for each in found.candidates] == ["trial 2 of 16w-8w", "trial 2 of 32w-24w", "champion"]
    assert found.remarks == ["Trial 1 of 16w-8w has the champion's parameters and is left out."]
    assert found.candidates[-1].value is None


def test_each_window_sends_its_best_and_tells_how_lucky_its_winner_was(store: Store) -> None:
    editions = two_windows(store)
    in_use(store, store.optuna.records(editions["16w-8w"])[0].params)
    candidates = shortlist(store, editions, k=1, parameter_set="demo/tokyo").candidates
    again = {"trial 1 of 16w-8w": [2.0] * 3, "trial 2 of 32w-24w": [9.0] * 3, "champion": [3.0] * 3}
    found = choose(store, evaluated(store, again, candidates, family="demo/validate"))
    assert [each.name for each in found.candidates] == list(again)
    # The champion was 3.0 on the one window and 50.0 on the other, and is 3.0 now.
    assert {name: each.inflation.value for name, each in found.selections.items()} == pytest.approx(
        {"16w-8w": 2.0 - 1.0, "32w-24w": (9.0 - 40.0) - (3.0 - 50.0)}
    )


def test_what_two_windows_found_meets_the_champion_once(store: Store) -> None:
    both = [challenger(7).model_copy(update={"name": f"trial 7 of {w}", "windows": [w]}) for w in ("16w-8w", "32w-24w")]
    name = evaluated(store, {each.name: [2.0] * 3 for each in both}, both, family="demo/validate")
    found = choose(store, name)
    assert [(each.name, each.windows) for each in found.candidates] == [("trial 7 of 16w-8w", ["16w-8w", "32w-24w"])]
    assert list(found.selections) == ["16w-8w", "32w-24w"]


def test_windows_without_any_challenger_keep_the_champion(store: Store) -> None:
    editions = two_windows(store)
    for name in editions:
        only = Tuned(store, declared(name=f"demo/{name}"), "only")
        only.complete(only.suggest()[0])
        end(only)
        editions[name] = only.name
    in_use(store, store.optuna.records(editions["16w-8w"])[0].params)
    found = shortlist(store, editions, parameter_set="demo/tokyo")
    assert found.kept is not None
    assert "no trial of 'demo/16w-8w@only' or 'demo/32w-24w@only' with other parameters is complete" in found.kept
