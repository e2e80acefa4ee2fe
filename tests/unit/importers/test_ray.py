"""Every file of Ray Tune in tests/corpus becomes what its expected file says, and others do what they say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo import Categorical, Float, Int, Objective, from_ray
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.dag_file import dag_file
from airflow_hpo.importers.findings import RefusedSpecificationError
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.systems import system_of
from tests.unit.importers.expected import is_imported, wrong_files, wrong_notes, wrong_refusals, wrong_study

CORPUS = Path(__file__).parent.parent.parent / "corpus" / "ray"
CASES = {path.stem: json.loads(path.with_suffix(".expected.json").read_text()) for path in CORPUS.glob("*.py")}
NAMES = sorted(CASES)
IMPORTED = [name for name in NAMES if is_imported(CASES[name])]
HEAD = "import ray\nfrom ray import tune\n"


@cache
def result_of(name: str) -> Imported | RefusedSpecificationError:
    try:
        return from_ray((CORPUS / f"{name}.py").read_text(), run_file=True, **CASES[name]["with"])
    except RefusedSpecificationError as err:
        return err


def imported(name: str) -> Imported:
    found = result_of(name)
    assert isinstance(found, Imported)
    return found


def names_of(found: Imported) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "dag"}
    exec(compile(dag_file(found, "search.py"), "dag", "exec"), names)
    return names


def test_so_many_cases_are_imported() -> None:
    assert (len(NAMES), sum(isinstance(result_of(name), Imported) for name in NAMES)) == (15, 10)


@pytest.mark.parametrize("name", NAMES)
def test_a_case_is_imported_or_refused_as_expected(name: str) -> None:
    case, found = CASES[name], result_of(name)
    if isinstance(found, RefusedSpecificationError):
        assert case["outcome"] in ("refused", "either") or not is_imported(case)
        assert wrong_refusals(case, found.refusals) == []
    else:
        assert name in IMPORTED
        assert wrong_study(case, found.study, found.notes) == []
        assert wrong_notes(case, found.notes) == []
        assert found.trial.arguments.get("program_retries", 0) == case.get("trial", {}).get("program_retries", 0)


@pytest.mark.parametrize("name", IMPORTED)
def test_the_trainable_gets_the_configuration_that_it_got_from_ray(name: str) -> None:
    names = names_of(imported(name))
    for each in CASES[name]["config"]:
        assert json.dumps(names["config_of"](each["params"])) == json.dumps(each["value"])


@pytest.mark.parametrize("name", IMPORTED)
def test_the_written_dag_declares_the_same(name: str) -> None:
    names = names_of(imported(name))
    assert names["study"] == imported(name).study
    assert names["trial"].arguments == {**imported(name).trial.arguments, "function": names["train"]}


def test_the_written_dags_are_formatted_and_name_no_importer(tmp_path: Path) -> None:
    for name in IMPORTED:
        (tmp_path / f"{name}.py").write_text(dag_file(imported(name), "search.py"))
    assert wrong_files(tmp_path) == []


@pytest.mark.parametrize("name", IMPORTED)
def test_every_note_stands_in_the_written_dag(name: str) -> None:
    found = imported(name)
    text = " ".join(dag_file(found, "search.py").replace("#", "").split())
    assert [note.path for note in found.notes if " ".join(note.sentence.split()) not in text] == []


def search(
    space: str, arguments: str = "metric='loss', mode='min', num_samples=9", rest: str = "", **options: Any
) -> Imported:
    text = f"{HEAD}param_space = {space}\ntune_config = tune.TuneConfig({arguments})\n{rest}\n"
    return from_ray(text, run_file=True, **{"name": "breeze", **options})


def refused(*given: str, **options: Any) -> dict[str, str]:
    with pytest.raises(RefusedSpecificationError) as told:
        search(*given, **options)
    return {each.path: each.sentence for each in told.value.refusals}


WHOLE = """
import math
import ray
from ray import tune
from ray.tune.schedulers import HyperBandScheduler
from ray.tune.search import ConcurrencyLimiter
from ray.tune.search.hyperopt import HyperOptSearch

ray.init(num_cpus=2)
SHIFT = 2


def shifted(x):
    return x + SHIFT


def fit(config):
    return {"loss": math.floor(shifted(config["opt"]["x"])), "shape": config["shape"]}


tuner = tune.Tuner(
    tune.with_resources(fit, {"cpu": 2}),
    param_space={"opt": {"x": tune.uniform(0, 1)}, "shape": tune.choice([[1], [2, 3]])},
    tune_config=tune.TuneConfig(
        metric="loss", mode="min", num_samples=20,
        search_alg=ConcurrencyLimiter(
            HyperOptSearch(n_initial_points=7, points_to_evaluate=[{"opt": {"x": 0.5}, "shape": [2, 3]}]), max_concurrent=3
        ),
        scheduler=HyperBandScheduler(max_t=27),
    ),
    run_config=tune.RunConfig(name="my search", storage_path="s3://bucket", verbose=1),
)
results = tuner.fit()
print(results.get_best_result().config)
"""


def test_a_tuner_is_read_until_it_fits() -> None:
    found = from_ray(WHOLE, run_file=True)
    assert found.study.name == "my_search"
    assert found.study.sampler.options == {"n_startup_trials": 7}
    assert (found.study.parallelism, found.study.pruner.options["max_resource"]) == (3, 27)
    assert found.study.start_points == [{"opt.x": 0.5, "shape": "[2, 3]"}]
    assert [each.path for each in found.notes] == [
        "tune_config.scheduler",
        "run_config.storage_path",
        "run_config.name",
    ]


def test_a_trainable_that_needs_no_ray_is_copied_with_all_that_it_needs() -> None:
    names = names_of(from_ray(WHOLE, run_file=True))
    assert names["train"](type("Trial", (), {"params": {"opt.x": 0.5, "shape": "[2, 3]"}})) == {
        "loss": 2,
        "shape": [2, 3],
    }
    assert "ray" not in names


def test_one_that_needs_ray_is_left_to_be_put_in() -> None:
    text = WHOLE.replace("    return {", "    ray.get(1)\n    return {")
    with pytest.raises(NotImplementedError, match="Put your trainable"):
        names_of(from_ray(text, run_file=True))["train"](type("Trial", (), {"params": {"opt.x": 0.5, "shape": "[1]"}}))


def test_tune_run_is_read() -> None:
    text = f"{HEAD}tune.run(print, config={{'x': tune.uniform(0, 1)}}, metric='loss', mode='max', num_samples=4, name='a', max_failures=1)\n"
    found = from_ray(text, run_file=True)
    assert (found.study.name, found.study.max_trials) == ("a", 4)
    assert found.study.objective == Objective("loss", direction="maximize")
    assert found.trial.arguments["program_retries"] == 1


def test_all_that_cannot_be_had_is_told_at_once() -> None:
    space = "{'a': tune.randn(0, -1), 'b': abs, 'c': tune.quniform(0, 1, 0.3), 'd': tune.choice([{'x': tune.uniform(0, 1)}]), 'e': tune.choice([1, True]), 'f': tune.randint(0, float('nan'))}"
    told = refused(space, "metric='loss', search_alg=tune.Odd(), scheduler=tune.PB2(), nums=3", name=None)
    assert {*told} == {
        *(f"param_space.{each}" for each in "abcdef"),
        *("tune_config.search_alg", "tune_config.scheduler", "tune_config.mode", "tune_config.nums", "name"),
    }
    assert "PB2" in told["tune_config.scheduler"]


@pytest.mark.parametrize(
    ("space", "made"),
    [
        ("tune.qlograndint(1, 9, 1)", Int(1, 8, log=True)),
        ("tune.lograndint(lower=2, upper=65)", Int(2, 64, log=True)),
        ("tune.choice(['a', 'b', 'a', 'b'])", Categorical(["a", "b"])),
        ("tune.quniform(0, 0.3, 0.1)", Float(0.0, 0.3, step=0.1)),
    ],
)
def test_ranges_are_those_that_ray_draws_from(space: str, made: Any) -> None:
    assert search(f"{{'x': {space}}}").study.space["x"] == made


def test_what_the_file_does_not_say_is_given() -> None:
    found = search(
        "{'x': tune.uniform(0, 1)}",
        "num_samples=-1",
        max_trials=5,
        objective={"metric": "acc", "direction": "maximize"},
    )
    assert (found.study.max_trials, found.study.objective.metric) == (5, "acc")
    assert (
        "--max-trials"
        in refused("{'x': tune.uniform(0, 1)}", "num_samples=-1", objective="loss")["tune_config.num_samples"]
    )


def test_a_file_is_run_only_when_that_is_said() -> None:
    with pytest.raises(DeclarationError, match=r"run_file=False. Look at the file"):
        from_ray(HEAD, name="breeze")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("from ray import tune\ntune.uniform(1)", "tune.uniform takes lower, upper"),
        ("from ray import tune\nparam_space = {1: 2}", "names of a space are texts"),
        ("from ray import tune\nparam_space = {}\nparam_space['x'] = param_space", "contains itself"),
        ("from ray import tune\nif tune.uniform(0, 1): pass", "no value before it is drawn"),
        ("from ray.tune import uniform\nuniform('a', 2)\nparam_space={'a': uniform('a', 2)}", "are numbers"),
    ],
)
def test_a_file_that_fails_is_told(text: str, why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        from_ray(text, run_file=True, name="breeze")


def test_ray_is_recognised_by_its_import() -> None:
    assert system_of("from ray.tune import uniform") == "ray"
    assert system_of("import ray.tune as tune\nimport sklearn") == "ray"
