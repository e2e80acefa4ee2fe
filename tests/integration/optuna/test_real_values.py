"""Parameters of which Optuna knows no distribution: its tables, and whoever reads them, have real values."""

from __future__ import annotations

import math

import optuna
import pytest

from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.core.space.space import Categorical, Float, Int, Space, fits
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin, TrialState
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.optuna.optuna_studies import OptunaStudies

SPACE: Space = {
    "x": Normal(100.0, 10.0),
    "n": Normal(64, 16, step=8, integer=True),
    "rate": LogNormal(-7.0, 1.0),
    "depth": Int(4, 64, log=True, step=4),
    "kind": Categorical(["a", "b", None], weights=[6, 3, 1]),
}
PLAIN: Space = {
    "x": Float(90, 110),
    "n": Int(0, 128, step=8),
    "rate": Float(1e-5, 1.0, log=True),
    "depth": Int(4, 64, step=4),
    "kind": Categorical(["b", "a", None]),
}


def declared(sampler: str = "tpe", space: Space = SPACE, **options: object) -> Study:
    return Study(**{"name": "r", "space": space, "objective": "loss", "max_trials": 40, "sampler": sampler, **options})


def play(studies: OptunaStudies, study: Study, edition: str, batches: int = 4) -> None:
    studies.create(edition, study)
    for batch in range(batches):
        keys = [f"{batch}/{index}" for index in range(4)]
        requests = studies.ask(edition, study, keys)
        assert studies.ask(edition, study, keys) == requests
        for request in requests:
            assert fits(study.space, request.params)
            value = abs(float(request.params["x"]) - 105) + abs(math.log(float(request.params["rate"])) + 6)  # type: ignore[arg-type]
            studies.tell(edition, request.number, TrialState.COMPLETE, value)


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes", "nsga2"])
def test_every_sampler_fills_batches_with_real_values(studies: OptunaStudies, sampler: str) -> None:
    play(studies, declared(sampler), "r@1")
    assert len({repr(record.params) for record in studies.records("r@1")}) > 12


def test_optunas_own_tools_read_real_values_under_plain_distributions(studies: OptunaStudies) -> None:
    play(studies, declared(), "r@1", batches=8)
    study = studies.load("r@1")
    trial = study.best_trial
    assert trial.params == min(studies.records("r@1"), key=lambda record: record.value or 0.0).params
    assert {name: type(each).__name__ for name, each in trial.distributions.items()} == {
        "x": "FloatDistribution",
        "n": "IntDistribution",
        "rate": "FloatDistribution",
        "depth": "IntDistribution",
        "kind": "CategoricalDistribution",
    }
    assert (trial.distributions["rate"].log, trial.distributions["depth"].log) == (True, True)
    assert 30 < trial.params["x"] < 170
    importance = optuna.importance.get_param_importances(study)
    assert importance.keys() == SPACE.keys()
    assert study.trials_dataframe()["params_x"].between(30, 170).all()


@pytest.mark.parametrize("mode", ["points", "values"])
@pytest.mark.parametrize(("earlier", "later"), [(PLAIN, SPACE), (SPACE, PLAIN)], ids=["into", "out of"])
def test_a_warm_start_takes_real_values_into_and_out_of_a_distribution(
    studies: OptunaStudies, earlier: Space, later: Space, mode: str
) -> None:
    play(studies, declared(space=earlier), "r@1")
    study = declared(space=later, warm_start=WarmStart(mode=mode, trials=3))
    studies.create("r@2", study)
    best = [r for r in sorted(studies.records("r@1"), key=lambda r: r.value or 0.0) if fits(later, r.params)][:3]
    studies.warm_start("r@2", study, ["r@1"])
    studies.ask("r@2", study, [f"0/{index}" for index in range(len(best))])
    taken = [r for r in studies.records("r@2") if r.origin is Origin.WARM_START]
    assert best
    assert [record.params for record in taken] == [record.params for record in best]


def test_a_value_of_a_notebook_is_tried_as_it_is(studies: OptunaStudies) -> None:
    study = declared()
    studies.create("r@1", study)
    studies.load("r@1").enqueue_trial({"x": 123.456789012345, "n": 72})
    (request,) = studies.ask("r@1", study, ["0/0"])
    assert (request.params["x"], request.params["n"]) == (123.456789012345, 72)
