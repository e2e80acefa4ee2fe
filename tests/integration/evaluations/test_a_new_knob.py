"""Retuning month after month while the search space changes: the champion is older than the space."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.parameter_set import ParameterVersion, Provenance
from airflow_hpo.core.space.completion import completed
from airflow_hpo.core.space.space import Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin
from airflow_hpo.evaluations.compare import Compared, compare_evaluations
from airflow_hpo.evaluations.select import Shortlist, shortlist
from airflow_hpo.exceptions import ComparisonError
from airflow_hpo.parameter_sets.moves import assign, promote
from airflow_hpo.storage import parameter_sets
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import enter_champion
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from tests.integration.evaluated import LOSS, evaluated
from tests.integration.trial_tasks import Tuned, declared

OLD = {"x": Float(0, 1)}
NEW = {"x": Float(0, 1), "depth": Int(1, 8)}


def in_use(store: Store) -> ParameterVersion:
    return store.read(parameter_sets.version_in_use, "demo")


class Month:
    """One retuning: the champion first, then three trials, a comparison on five scenarios, and a promotion when it is won."""

    def __init__(self, store: Store, number: int, study: Study, *, challenger_wins: bool) -> None:
        self.tuned = Tuned(store, study, f"month {number}")
        self.tuned_champion = completed(study.space, in_use(store).params, study.space_defaults).params
        enter_champion(store, store.edition(self.tuned.name), self.tuned_champion)
        for batch in (1, 2):
            for request in self.tuned.suggest(batch):
                self.tuned.complete(request, value=10.0 - (request.number or 0))
        finish(store, status(store, self.tuned.name), accept_incomplete=False)
        self.found: Shortlist = shortlist(store, self.tuned.name, 1, "demo")
        challenger, champion = self.found.candidates
        # As a program does that needs every parameter.
        whole = set(champion.params) == set(study.space)
        worse = 2.0 if challenger_wins else 0.5
        values = {
            challenger.name: [1.0, 1.1, 1.2, 1.3, 1.4],
            champion.name: [v * worse if whole else None for v in (1.0, 1.3, 1.2, 1.5, 1.4)],
        }
        name = evaluated(store, values, self.found.candidates, family="demo/test", run=f"month {number}")
        self.compared: Compared = compare_evaluations(
            store, [name], LOSS, ComparisonRule(error="each"), parameter_set="demo"
        )
        if self.compared.data["verdict"] == "promote":
            promote(
                store,
                "demo",
                self.compared.data["challenger"]["params"],
                expected=champion.version,
                key=f"month {number}",
                provenance=Provenance(),
            )


def study_of(space: dict[str, Any], **options: Any) -> Study:
    return declared(space=space, max_trials=4, parallelism=2, batch_size=2, **options)


def test_a_year_of_retuning_survives_a_new_knob(store: Store) -> None:
    assign(store, "demo", {"x": 0.5}, Provenance())
    knob = study_of(NEW, space_defaults={"depth": 3})

    before = Month(store, 1, study_of(OLD), challenger_wins=True)
    kept = Month(store, 2, knob, challenger_wins=False)
    won = Month(store, 3, knob, challenger_wins=True)
    after = Month(store, 4, knob, challenger_wins=True)

    assert [m.compared.data["verdict"] for m in (before, kept, won, after)] == ["promote", "keep", "promote", "promote"]
    for month in (kept, won):
        champion = month.found.candidates[-1]
        assert (champion.params["depth"], champion.added) == (3, {"depth": 3})
        # It was a trial of the study like any other, so its own value is known.
        assert champion.value == 10.0
        assert month.tuned.records()[0].origin is Origin.CHAMPION
        assert "depth=3, which is declared in `space_defaults`" in month.compared.data["report"]
        assert month.found.remarks[0].endswith("has no 'depth': it is compared with depth=3 of space_defaults.")
    assert after.found.candidates[-1].added == {}
    assert "space_defaults" not in after.compared.data["report"]
    # What is promoted is stored whole.
    assert set(in_use(store).params) == {"x", "depth"}


def test_a_parameter_that_leaves_the_space_leaves_the_comparison_and_is_said(store: Store) -> None:
    assign(store, "demo", {"x": 0.5, "depth": 3}, Provenance())
    month = Month(store, 1, study_of(OLD), challenger_wins=True)
    champion = month.found.candidates[-1]
    assert (champion.params, champion.left_out) == ({"x": 0.5}, {"depth": 3})
    assert "was compared without depth=3, which the space does not have" in month.compared.data["report"]
    assert set(in_use(store).params) == {"x"}


def test_a_champion_outside_a_narrowed_range_is_compared_as_it_is(store: Store) -> None:
    assign(store, "demo", {"x": 0.9}, Provenance())
    month = Month(store, 1, study_of({"x": Float(0, 0.5)}), challenger_wins=False)
    assert month.found.candidates[-1].params == {"x": 0.9}
    assert month.found.remarks == [
        "Version 1 of 'demo' has x=0.9, outside Float(low=0.0, high=0.5): it is compared as it is, and is no trial of the study."
    ]
    assert month.compared.data["verdict"] == "keep"


def test_a_champion_without_a_value_or_a_default_is_not_compared(store: Store) -> None:
    assign(store, "demo", {"x": 0.9}, Provenance())
    with pytest.raises(
        ComparisonError, match=r"Version 1 of 'demo' has none for 'depth'.*space_defaults=\{'depth': 1\}"
    ):
        Month(store, 1, study_of(NEW), challenger_wins=False)


def test_a_champion_whose_declared_default_was_changed_by_hand_is_refused(store: Store) -> None:
    assign(store, "demo", {"x": 0.9}, Provenance())
    forged = Candidate("champion", {"x": 0.1, "depth": 3}, parameter_set="demo", version=1, added={"depth": 3})
    with pytest.raises(ComparisonError, match="version 1 of 'demo' has"):
        evaluated(store, {"champion": [1.0], "mine": [1.0]}, [forged, Candidate("mine", {"x": 0.2, "depth": 3})])
