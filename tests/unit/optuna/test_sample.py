from __future__ import annotations

import math

import optuna
import pytest
from optuna.samplers import CmaEsSampler, NSGAIISampler
from optuna.trial import TrialState

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.space import grid
from airflow_hpo.core.space.space import Categorical, Float, Int, Params
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin
from airflow_hpo.optuna import attributes
from airflow_hpo.optuna.samplers import sampler_for
from tests.unit.optuna.history import History

SPACE = {"x": Float(0, 1), "y": Float(1e-4, 1, log=True), "n": Int(1, 9), "c": Categorical(["a", "b", None])}
NUMERIC = {"x": Float(-5, 5), "y": Float(-5, 5)}
SMALL = {"n": Int(1, 3), "c": Categorical([True, "b"]), "s": Float(0, 0.3, step=0.1)}


def declared(**options: object) -> Study:
    return Study(**{"name": "demo", "space": SPACE, "objective": "loss", "max_trials": 40, "parallelism": 5, **options})


def bowl(params: Params) -> float:
    return sum(float(value) ** 2 for value in params.values() if isinstance(value, int | float))


def points(history: History) -> list[str]:
    return [repr(trial.params) for trial in history.trials]


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes", "nsga2"])
def test_asking_again_with_the_same_history_repeats_the_parameters(sampler: str) -> None:
    first, second = History(declared(sampler=sampler)), History(declared(sampler=sampler))
    assert first.play(4, 5, bowl) == second.play(4, 5, bowl)


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes", "nsga2"])
def test_a_batch_that_was_interrupted_goes_on_with_the_same_parameters(sampler: str) -> None:
    whole, pieces = History(declared(sampler=sampler)), History(declared(sampler=sampler))
    for history in (whole, pieces):
        history.play(3, 5, bowl)
    assert whole.ask("9/0", "9/1", "9/2") == [pieces.ask(key)[0] for key in ("9/0", "9/1", "9/2")]


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes"])
def test_a_batch_never_repeats_itself(sampler: str) -> None:
    history = History(declared(sampler=sampler))
    history.play(4, 5, bowl)
    assert len(set(points(history))) == 20


@pytest.mark.parametrize("crossover", ["uniform", "blxalpha", "spx", "sbx", "vsbx", "undx"])
def test_an_evolution_takes_each_crossover_and_mutation(crossover: str) -> None:
    sampler = Sampler("nsga2", crossover=crossover, mutation="polynomial", population_size=5)
    history = History(declared(sampler=sampler))
    history.play(4, 5, bowl)
    assert len(set(points(history))) > 10


def test_cmaes_starts_around_the_mean_that_was_declared() -> None:
    sampler = Sampler("cmaes", x0={"x": 4.0, "y": -4.0}, sigma0=0.01)
    history = History(declared(space=NUMERIC, sampler=sampler))
    history.play(1, 1, bowl)
    assert [draft.params for draft in history.ask("1/0") if abs(draft.params["x"] - 4) > 1] == []


def test_another_edition_gets_other_parameters() -> None:
    assert History(declared(), "demo@1").ask("001/0") != History(declared(), "demo@2").ask("001/0")


def test_another_seed_gets_other_parameters() -> None:
    assert History(declared()).ask("001/0") != History(declared(seed=1)).ask("001/0")


def test_tpe_proposes_better_points_than_it_started_with() -> None:
    history = History(declared(space=NUMERIC))
    history.play(12, 5, bowl)
    values = [trial.value for trial in history.trials]
    assert sum(values[-20:]) < sum(values[:20]) / 2


def test_tpe_sees_the_trials_of_its_own_batch_running() -> None:
    history = History(declared(space={"x": Float(0, 1)}))
    history.play(4, 5, lambda params: abs(float(params["x"] or 0) - 0.5))
    batch = history.ask(*(f"9/{i}" for i in range(8)))
    alone = [History.ask(_copy(history, 20), f"9/{i}")[0] for i in range(8)]
    spread = max(d.params["x"] for d in batch) - min(d.params["x"] for d in batch)
    assert spread > max(d.params["x"] for d in alone) - min(d.params["x"] for d in alone)


def _copy(history: History, length: int) -> History:
    copy = History(history.study)
    copy.trials = history.trials[:length]
    return copy


def test_conditional_parameters_exist_only_while_their_condition_holds() -> None:
    space = {
        "model": Categorical(["svm", "forest"]),
        "c": Float(0.1, 10, log=True, when={"model": "svm"}),
        "trees": Int(10, 100, when={"model": "forest"}),
        "depth": Int(1, 5, when={"trees": [10, *range(50, 101)]}),
    }
    history = History(declared(space=space))
    history.play(6, 5, bowl)
    for trial in history.trials:
        names = {"model", "c"} if trial.params["model"] == "svm" else {"model", "trees"}
        if trial.params.get("trees") in (10, *range(50, 101)):
            names.add("depth")
        assert set(trial.params) == names


def test_tpe_models_the_branches_of_a_conditional_space() -> None:
    space = {
        "model": Categorical(["a", "b"]),
        "x": Float(-5, 5, when={"model": "a"}),
        "y": Float(-5, 5, when={"model": "b"}),
    }
    history = History(declared(space=space, max_trials=60))
    history.play(12, 5, lambda p: float(p["x"]) ** 2 if "x" in p else 20 + float(p["y"]) ** 2)
    late = [trial.params for trial in history.trials[-20:]]
    assert sum("x" in params for params in late) >= 12
    assert sum(abs(params.get("x", 5)) for params in late if "x" in params) / 20 < 2


def test_nsga2_breeds_generations_of_one_round_each() -> None:
    history = History(declared(sampler="nsga2", space=NUMERIC))
    history.play(6, 5, bowl)
    key = "NSGAIISampler:generation"
    assert [trial.system_attrs.get(key) for trial in history.trials] == [i // 5 for i in range(30)]


def test_nsga2_remembers_its_parents_by_the_ids_of_the_database() -> None:
    history = History(declared(sampler="nsga2", space=NUMERIC))
    history.play(4, 5, bowl)
    ids = {trial._trial_id for trial in history.trials}
    parents = {name: value for name, value in history.stored.system_attrs.items() if "parent" in name}
    assert len(parents) == 3
    assert all(set(value) <= ids for value in parents.values())


def test_cmaes_goes_on_where_a_kept_sampler_would() -> None:
    history = History(declared(sampler="cmaes", space=NUMERIC))
    history.play(8, 6, bowl)
    generations = [trial.system_attrs.get("cma:generation") for trial in history.trials[6:]]
    kept = optuna.create_study(sampler=CmaEsSampler(seed=1))
    for _ in range(8):
        batch = [kept.ask() for _ in range(6)]
        values = [bowl({name: t.suggest_float(name, -5, 5) for name in NUMERIC}) for t in batch]
        for trial, value in zip(batch, values):
            kept.tell(trial, value)
    assert generations == [t.system_attrs.get("cma:generation") for t in kept.trials[6:]]
    assert max(generations) == 6
    assert sum(bowl(t.params) for t in history.trials[-6:]) < sum(bowl(t.params) for t in history.trials[:6]) / 4


def test_nsga2_breeds_as_a_kept_sampler_would() -> None:
    study = declared(sampler="nsga2", space=NUMERIC)
    history = History(study)
    history.play(3, 5, bowl)
    kept = optuna.create_study(sampler=NSGAIISampler(seed=1, population_size=5))
    kept.add_trials(history.trials)
    kept.sampler = sampler_for(study, "demo@1", derived_seed(study.seed, "demo@1", "3/0"))
    trial = kept.ask()
    params = {name: trial.suggest_float(name, -5, 5) for name in NUMERIC}
    assert history.ask("3/0")[0].params == params


def test_qmc_takes_the_points_of_one_sequence_one_after_the_other() -> None:
    history = History(declared(sampler="qmc", space=NUMERIC))
    history.play(4, 4, bowl)
    assert [value for name, value in history.stored.system_attrs.items() if name.startswith("qmc:")] == [14]


def test_a_discrete_space_is_exhausted_before_any_point_comes_again() -> None:
    for sampler in ("tpe", "random", "qmc", "nsga2"):
        history = History(declared(space=SMALL, sampler=sampler))
        history.play(8, 3, bowl)
        assert len(set(points(history))) == grid.size(SMALL) == 24


def test_points_come_again_when_a_discrete_space_is_exhausted() -> None:
    history = History(declared(space={"n": Int(1, 3)}))
    history.play(2, 3, bowl)
    assert len(points(history)) == 6
    assert len(set(points(history)[:3])) == 3


def test_a_failed_point_of_a_discrete_space_may_be_proposed_again() -> None:
    history = History(declared(space={"n": Int(1, 2)}, sampler="random"))
    history.add("0/0", {"n": 1}, TrialState.FAIL)
    history.add("0/1", {"n": 2}, value=0.0)
    assert history.ask("1/0")[0].params == {"n": 1}


def test_stepped_floats_are_written_as_people_write_them() -> None:
    history = History(declared(space={"s": Float(0, 0.9, step=0.1)}, max_trials=10))
    history.play(2, 5, bowl)
    assert sorted(trial.params["s"] for trial in history.trials) == [i / 10 for i in range(10)]


def test_start_points_come_first_in_order_and_once() -> None:
    starts = [{"x": 0.25, "y": 0.5, "n": 3, "c": None}, {"n": 9}, {"x": 0.25, "y": 0.5, "n": 3, "c": None}]
    history = History(declared(start_points=starts))
    first, second, third = history.ask("1/0", "1/1", "1/2")
    assert first.params == starts[0]
    assert second.params["n"] == 9
    assert set(second.params) == set(SPACE)
    assert [draft.origin for draft in (first, second, third)] == [Origin.START_POINT] * 2 + [Origin.SAMPLER]
    assert all(draft.origin is Origin.SAMPLER for draft in history.ask("2/0", "2/1"))


def test_a_start_point_that_failed_does_not_come_again() -> None:
    history = History(declared(start_points=[{"n": 9}]))
    history.ask("1/0")
    history.end(0, TrialState.FAIL)
    assert history.ask("1/1")[0].origin is Origin.SAMPLER


def test_warm_start_points_follow_the_start_points() -> None:
    history = History(declared(start_points=[{"n": 9}]))
    point = {"x": 0.5, "y": 0.5, "n": 1, "c": "a"}
    history.stored.user_attrs[attributes.WARM_POINTS] = [point]
    assert [d.origin for d in history.ask("1/0", "1/1", "1/2")] == [
        Origin.START_POINT,
        Origin.WARM_START,
        Origin.SAMPLER,
    ]
    assert history.trials[1].params == point


def test_a_warm_start_point_that_a_start_point_was_is_not_evaluated_twice() -> None:
    point = {"x": 0.5, "y": 0.5, "n": 1, "c": "a"}
    history = History(declared(start_points=[point]))
    history.stored.user_attrs[attributes.WARM_POINTS] = [point]
    assert [draft.origin for draft in history.ask("1/0", "1/1")] == [Origin.START_POINT, Origin.SAMPLER]


def test_a_grid_gives_every_point_exactly_once_and_then_nothing() -> None:
    history = History(declared(space=SMALL, sampler="grid"))
    sizes = [len(batch) for batch in history.play(6, 5, bowl)]
    assert sizes == [5, 5, 5, 5, 4, 0]
    assert sorted(points(history)) == sorted(repr(point) for point in grid.points(SMALL))


def test_a_grid_is_shuffled() -> None:
    history = History(declared(space=SMALL, sampler="grid"))
    history.play(5, 5, bowl)
    assert points(history) != [repr(point) for point in grid.points(SMALL)]


def test_a_failed_point_of_a_grid_comes_again_after_the_others() -> None:
    history = History(declared(space={"n": Int(1, 4)}, sampler="grid"))
    history.ask("1/0", "1/1")
    history.end(0, TrialState.FAIL)
    again = history.ask("2/0", "2/1", "2/2", "2/3")
    assert [draft.params for draft in again][-1] == history.trials[0].params
    assert len(again) == 3


def test_a_start_point_of_a_grid_is_one_of_its_points() -> None:
    history = History(declared(space=SMALL, sampler="grid", start_points=[{"s": 0.2, "n": 3}, {"c": True}]))
    first, second = history.ask("1/0", "1/1")
    assert (first.params["s"], first.params["n"], first.origin) == (0.2, 3, Origin.START_POINT)
    assert second.params["c"] is True
    history.play(5, 5, bowl)
    assert len(set(points(history))) == len(points(history)) == 24


def test_infinite_and_missing_values_in_the_history_do_not_stop_asking() -> None:
    history = History(declared())
    history.play(2, 5, bowl)
    history.add("a", history.trials[0].params, TrialState.PRUNED)
    history.add("b", history.trials[1].params, value=math.inf)
    assert len(history.ask("9/0")) == 1


def test_a_grid_of_a_million_points_is_not_visited(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    point = grid.point
    monkeypatch.setattr(grid, "point", lambda space, index, *fixed: made.append(index) or point(space, index, *fixed))
    space = {"n": Int(1, 1000), "m": Int(1, 1000, when={"n": list(range(2, 1001, 2))}), "k": Int(1, 2)}
    history = History(declared(space=space, sampler="grid", max_trials=20))
    for number in range(20):
        history.ask(str(number))
    assert len(set(points(history))) == 20
    assert len(made) <= 20 * 20
