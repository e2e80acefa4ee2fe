from __future__ import annotations

import pytest
from optuna.samplers import BruteForceSampler, QMCSampler, TPESampler
from optuna.samplers._lazy_random_state import LazyRandomState

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.space.space import Categorical, Float, Int, Space
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError, PermanentHpoError
from airflow_hpo.optuna.class_sampler import built
from airflow_hpo.optuna.samplers import inherit_search_space, sampler_for
from tests.unit.optuna.history import History

OTHERS = "tests.unit.optuna.samplers_of_others"
SPACE: Space = {"x": Float(-5, 5), "y": Float(-5, 5)}


def declared(sampler: Sampler, space: Space = SPACE) -> Study:
    return Study(name="demo", space=space, objective="loss", max_trials=40, parallelism=5, sampler=sampler)


def bowl(params: dict[str, float]) -> float:
    return sum(float(value) ** 2 for value in params.values())


@pytest.mark.parametrize(
    "sampler",
    [
        Sampler(f"{OTHERS}:Nearby", width=0.5),
        Sampler(f"{OTHERS}:Keeping", width=0.5),
        Sampler("optuna.samplers:TPESampler", n_startup_trials=5),
        Sampler("optuna.samplers:QMCSampler", scramble=True, warn_independent_sampling=False),
        Sampler("optuna.samplers:CmaEsSampler", popsize=5, warn_independent_sampling=False),
        Sampler("optuna.samplers:NSGAIIISampler", population_size=5),
    ],
    ids=lambda each: each.name.rpartition(":")[2],
)
def test_a_class_gives_keyed_batches_that_repeat_and_go_on(sampler: Sampler) -> None:
    whole, pieces = History(declared(sampler)), History(declared(sampler))
    for history in (whole, pieces):
        history.play(4, 5, bowl)
    whole.ask("9/0", "9/1", "9/2")
    for key in ("9/0", "9/1", "9/2"):
        pieces.ask(key)
    assert [trial.params for trial in whole.trials] == [trial.params for trial in pieces.trials]
    assert len({repr(trial.params) for trial in whole.trials}) > 0.8 * len(whole.trials)


def test_a_class_that_looks_at_the_study_comes_near_its_optimum() -> None:
    history = History(declared(Sampler(f"{OTHERS}:Nearby", width=0.5)))
    history.play(8, 5, bowl)
    assert min(trial.value for trial in history.trials) < 0.5


def test_what_a_class_keeps_in_the_study_is_there_at_the_next_ask() -> None:
    history = History(declared(Sampler(f"{OTHERS}:Keeping", width=0.5)))
    history.play(2, 3, bowl)
    assert history.stored.system_attrs["mine:asked"] == 6
    assert [trial.system_attrs["mine:turn"] for trial in history.trials] == list(range(6))


def test_brute_force_takes_every_point_once() -> None:
    space = {"n": Int(1, 3), "c": Categorical(["a", "b"])}
    history = History(declared(Sampler("optuna.samplers:BruteForceSampler"), space))
    history.play(2, 3, lambda _: 0.0)
    assert len({repr(trial.params) for trial in history.trials}) == 6


def test_a_class_gets_the_seed_of_the_trial_where_it_takes_one() -> None:
    tpe = sampler_for(declared(Sampler("optuna.samplers:TPESampler")), "demo@1", 7)
    brute = sampler_for(declared(Sampler("optuna.samplers:BruteForceSampler")), "demo@1", 7)
    assert isinstance(tpe, TPESampler)
    assert tpe._rng.rng.randint(2**31) == LazyRandomState(7).rng.randint(2**31)
    assert isinstance(brute, BruteForceSampler)


def test_points_of_one_sequence_have_one_seed() -> None:
    one, two = (sampler_for(declared(Sampler("optuna.samplers:QMCSampler")), "demo@1", seed) for seed in (1, 2))
    assert isinstance(one, QMCSampler)
    assert isinstance(two, QMCSampler)
    assert one._seed == two._seed


def test_what_a_class_calls_as_optuna_does_stays_its_own() -> None:
    one, two = (built(declared(Sampler(f"{OTHERS}:Nearby", width=1.0)), "demo@1", seed) for seed in (1, 2))
    vars(one)["_search_space"], vars(two)["_search_space"] = {"x": 1}, {"x": 2}
    inherit_search_space(two, one)
    assert vars(two)["_search_space"] == {"x": 2}


@pytest.mark.parametrize(
    ("sampler", "words"),
    [
        (Sampler("no_such_module:A"), ["importing 'no_such_module'", "ModuleNotFoundError", "no_such_module.py"]),
        (Sampler(f"{OTHERS}:Nearbye"), ["has no 'Nearbye'", "Did you mean 'Nearby'?"]),
        (Sampler("json:Zzz"), ["'json' has no 'Zzz'", "Define it there."]),
        (
            Sampler(f"{OTHERS}:NOT_A_SAMPLER"),
            ["optuna.samplers.BaseSampler", "is 3", "class NOT_A_SAMPLER(BaseSampler)"],
        ),
        (Sampler(f"{OTHERS}:Unfinished"), ["lacks infer_relative_search_space, sample_independent, sample_relative"]),
        (Sampler(f"{OTHERS}:Nearby"), ["needs 'width'", "width=...)"]),
        (Sampler(f"{OTHERS}:Nearby", widht=1.0), ["no option 'widht'", "Did you mean 'width'?"]),
        (Sampler(f"{OTHERS}:Nearby", width=1.0, q=1), ["no option 'q'", "It takes width."]),
        (
            Sampler("optuna.samplers:CmaEsSampler", lr_adapt=True, with_margin=True),
            ["which ended in ValueError: ", "Mend them."],
        ),
    ],
    ids=lambda each: repr(each.options or each.name) if isinstance(each, Sampler) else "",
)
def test_a_class_that_cannot_be_built_is_refused_where_tasks_run(sampler: Sampler, words: list[str]) -> None:
    with pytest.raises(DeclarationError) as err:
        sampler_for(declared(sampler), "demo@1", 1)
    assert [word for word in words if word not in str(err.value)] == []


def test_an_error_inside_a_class_ends_the_ask_for_good() -> None:
    history = History(declared(Sampler(f"{OTHERS}:Nearby", width=0.5), {"n": Int(1, 9)}))
    with pytest.raises(
        PermanentHpoError, match=r"samplers_of_others:Nearby' gave 'demo@1' no parameters: AssertionError"
    ):
        history.ask("0/0")
