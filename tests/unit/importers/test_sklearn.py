"""What a file with a search of scikit-learn says."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo import Categorical, Float, Int, LogNormal, Normal, from_sklearn
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.dag_file import dag_file
from airflow_hpo.importers.findings import Findings, RefusedSpecificationError
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.sklearn.ranges import values_of
from airflow_hpo.importers.sklearn.run import Values
from airflow_hpo.importers.systems import system_of
from tests.unit.importers.expected import lacks, wrong_files

SEARCHES = Path(__file__).parent / "sklearn_searches"
_C = {"type": "categorical"}
EXPECTED: dict[str, dict[str, Any]] = {
    "grids": {
        "space": {
            "svc__kernel": {**_C, "choices": ["rbf", "linear"]},
            "svc__C": {**_C, "choices": [0.1, 1, 10], "when": {"svc__kernel": ["rbf"]}},
            "svc__gamma": {**_C, "choices": [0.01, 0.1], "when": {"svc__kernel": ["rbf"]}},
            "svc__C_1": {**_C, "choices": [0.1, 1], "when": {"svc__kernel": ["linear"]}},
        },
        "sampler": {"name": "grid", "options": {}},
        "parallelism": 2,
        "max_failures": 8,
    },
    "parts": {
        "space": {
            "space": {**_C, "choices": ["0", "1"]},
            "clf": {**_C, "choices": ["LogisticRegression(max_iter=500)"], "when": {"space": ["0"]}},
            "clf__C": {"type": "float", "low": 0.01, "high": 10.0, "log": True, "when": {"space": ["0"]}},
            "clf_1": {**_C, "choices": ["RidgeClassifier()"], "when": {"space": ["1"]}},
            "reduce": {
                **_C,
                "choices": ["passthrough", "PCA(n_components=3)", "PCA(n_components=5)"],
                "when": {"space": ["1"]},
            },
        },
        "sampler": {"name": "random", "options": {}},
        "max_trials": 5,
        "seed": 3,
    },
    "bayes": {
        "space": {
            "ccp_alpha": {"type": "float", "low": 1e-6, "high": 0.1, "log": True},
            "max_depth": {"type": "int", "low": 1, "high": 8, "log": False, "step": 1},
            "min_samples_split": {"type": "int", "low": 2, "high": 10, "log": False, "step": 1},
            "criterion": {**_C, "choices": ["gini", "entropy"]},
            "class_weight": {**_C, "choices": ["{0: 1, 1: 1, 2: 1}", "None", "balanced"]},
        },
        "max_trials": 12,
        "max_failures": 0,
        "parallelism": 3,
    },
}
NOTES = {
    "grids": {"param_grid[1].svc__C": "renamed", "refit": "left_out"},
    "parts": {"param_distributions[1].clf": "renamed", "refit": "left_out", "n_jobs": "differs"},
    "bayes": {
        "search_spaces.min_samples_split": "differs",
        "optimizer_kwargs.base_estimator": "differs",
        "refit": "left_out",
    },
}
NAMES = sorted(EXPECTED)


@cache
def imported(name: str) -> Imported:
    return from_sklearn((SEARCHES / f"{name}.py").read_text(), run_file=True, name="wine")


@cache
def names_of(name: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "dag"}
    exec(compile(dag_file(imported(name), f"{name}.py"), name, "exec"), names)
    return names


def refused(text: str, **options: Any) -> dict[str, str]:
    with pytest.raises(RefusedSpecificationError) as told:
        from_sklearn(text, run_file=True, **{"name": "wine", **options})
    return {each.path: each.sentence for each in told.value.refusals}


@pytest.mark.parametrize("name", NAMES)
def test_a_search_becomes_the_study_that_is_expected(name: str) -> None:
    found = imported(name)
    assert lacks(EXPECTED[name], found.study.to_dict()) == []
    assert [*found.study.space] == [*EXPECTED[name]["space"]]
    assert {each.path: each.level.value for each in found.notes} == NOTES[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_written_dag_declares_the_same(name: str) -> None:
    names = names_of(name)
    assert names["study"] == imported(name).study
    assert names["trial"].arguments["function"] is names["train"]


def test_the_written_dags_are_formatted_and_name_no_importer(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(dag_file(imported(name), f"{name}.py"))
    assert wrong_files(tmp_path) == []


def score(name: str, params: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = names_of(name)["train"](type("Trial", (), {"params": params}))
    return found


def test_each_trial_of_a_grid_gives_the_mean_score_of_scikit_learn() -> None:
    ran: dict[str, Any] = {"__name__": "ran"}
    exec((SEARCHES / "grids.py").read_text(), ran)
    results = ran["search"].cv_results_
    for params, mean in zip(results["params"], results["mean_test_score"]):
        ours = {
            "svc__C_1" if name == "svc__C" and params["svc__kernel"] == "linear" else name: params[name]
            for name in params
        }
        assert score("grids", ours) == {"accuracy": pytest.approx(mean)}


def test_parts_of_a_pipeline_are_chosen_by_their_names() -> None:
    one = score("parts", {"space": "1", "clf_1": "RidgeClassifier()", "reduce": "PCA(n_components=3)"})
    other = score("parts", {"space": "1", "clf_1": "RidgeClassifier()", "reduce": "passthrough"})
    assert {*one} == {"accuracy", "f1_macro"}
    assert one != other


def test_values_that_are_no_plain_ones_reach_the_estimator() -> None:
    params = {"ccp_alpha": 0.01, "max_depth": 3, "min_samples_split": 2, "criterion": "gini"}
    balanced, alike = (score("bayes", {**params, "class_weight": each}) for each in ("balanced", "{0: 1, 1: 1, 2: 1}"))
    assert balanced == alike  # iris has as many flowers of each kind


def test_a_file_is_run_only_when_that_is_said() -> None:
    with pytest.raises(DeclarationError, match=r"run_file=False. Look at the file"):
        from_sklearn("import sklearn", name="wine")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import sklearn", "makes none"),
        ("import no_such_module", "no_such_module"),
        ("import skopt\n1/0", "ZeroDivision"),
    ],
)
def test_a_file_without_a_search_is_told(text: str, why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        from_sklearn(text, run_file=True, name="wine")


ODD = """
import scipy.stats
from sklearn.linear_model import Ridge
from sklearn.model_selection import RandomizedSearchCV
space = {"alpha": scipy.stats.expon(0, 1), "Alpha": [1], "tol": 5, "solver": {"svd", "lsqr"}}
RandomizedSearchCV(Ridge(), space, scoring=["r2"], n_iter=0, error_score="no", njobs=2)
"""


def test_all_that_cannot_be_had_is_told_at_once() -> None:
    told = refused(ODD, name=None)
    space = [f"param_distributions.{each}" for each in ("Alpha", "alpha", "tol", "solver")]
    assert {*told} == {"name", *space, "refit", "n_iter", "error_score", "njobs"}
    assert "'alpha'" in told["param_distributions.Alpha"]
    assert "loguniform" in told["param_distributions.alpha"]
    assert "'n_jobs'" in told["njobs"]


def test_halving_is_refused_with_what_can_be_had() -> None:
    text = (
        "from sklearn.experimental import enable_halving_search_cv\n"
        "from sklearn.model_selection import HalvingRandomSearchCV\nfrom sklearn.svm import SVC\n"
        "HalvingRandomSearchCV(SVC(), {'C': [1, 2]}).fit([[1]], [1])\n"
    )
    assert "Write RandomizedSearchCV" in refused(text)["HalvingRandomSearchCV"]


IN_A_FUNCTION = """
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

def search(X, y):
    return GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=4).fit(X, y)

search([[1]], [1])
"""


def test_a_search_in_a_function_leaves_estimator_and_data_to_be_put_in() -> None:
    found = from_sklearn(IN_A_FUNCTION, run_file=True, name="ridge")
    assert [(each.path, each.level.value) for each in found.notes] == [("refit", "left_out"), ("estimator", "left_out")]
    assert "# Put what you fit here." in found.code
    assert "cv=4" in found.code


def test_a_file_beside_it_is_named_because_tasks_run_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("1,2\n")
    text = (
        "from sklearn.linear_model import Ridge\nfrom sklearn.model_selection import GridSearchCV\n"
        "X = [[float(each)] for each in open('data.csv').read().split(',')]\n"
        "GridSearchCV(Ridge(), {'alpha': [0.1, 1.0]}).fit(X, [1, 2])\n"
    )
    note = next(each for each in from_sklearn(text, run_file=True, name="a").notes if each.path == "fit")
    assert "whole path of 'data.csv'" in note.sentence


@pytest.mark.parametrize(
    ("values", "is_bayes", "made"),
    [
        (Values("distribution", "uniform", [0.1], {"scale": 0.2}), False, Float(0.1, 0.3)),
        (Values("distribution", "reciprocal", [1e-3, 10], {}), False, Float(0.001, 10.0, log=True)),
        (Values("distribution", "randint", [1, 9], {"loc": 2}), False, Int(3, 10)),
        (Values("Integer", "", [], {"low": 1, "high": 64, "prior": "log-uniform"}), True, Int(1, 64, log=True)),
        (Values("distribution", "norm", [], {"scale": 2}), False, Normal(0, 2)),
        (Values("distribution", "lognorm", [0.5], {"scale": 1}), False, LogNormal(0, 0.5)),
        (Values("tuple", "", [1, 8], {}), True, Int(1, 8)),
        (Values("tuple", "", [1, 8.5], {}), True, Float(1.0, 8.5)),
        (Values("tuple", "", [1e-3, 10.0, "log-uniform"], {}), True, Float(0.001, 10.0, log=True)),
        (Values("tuple", "", ["a", "b"], {}), True, ["a", "b"]),
        (Values("list", "", [1, 8], {}), False, [1, 8]),
        (Values("Categorical", "", ["a"], {"prior": [1.0]}), True, ["a"]),
        (Values("Real", "", [], {"low": "x", "high": 1}), True, None),
        (Values("distribution", "loguniform", [1, 2, 3], {}), False, None),
        (Values("distribution", "uniform", ["x"], {}), False, None),
        (Values("distribution", "randint", [1.5, 3], {}), False, None),
    ],
)
def test_ranges_are_those_that_the_library_draws_from(values: Values, is_bayes: bool, made: Any) -> None:
    findings = Findings()
    assert values_of(values, is_bayes, "x", findings) == made
    assert bool(findings.refusals) == (made is None)


def test_choices_are_as_likely_as_the_file_has_them() -> None:
    text = (
        "from skopt import BayesSearchCV\nfrom skopt.space import Categorical\nfrom sklearn.linear_model import Ridge\n"
        "BayesSearchCV(Ridge(), {'alpha': Categorical([0.1, 1.0], prior=[0.9, 0.1]), 'tol': [0.1, 0.1, 0.2]})\n"
    )
    space = from_sklearn(text, run_file=True, name="ridge").study.space
    assert space["alpha"] == Categorical([0.1, 1.0], weights=[0.9, 0.1])
    assert space["tol"] == Categorical([0.1, 0.2], weights=[2, 1])


def test_scikit_learn_is_recognised_by_its_import() -> None:
    assert system_of("import sklearn.svm") == "sklearn"
    assert system_of("from skopt import BayesSearchCV") == "sklearn"
    assert system_of("import sklearn, hyperopt") == "hyperopt"


def test_spaces_that_one_parameter_tells_apart_need_no_other() -> None:
    assert imported("grids").study.space["svc__kernel"] == Categorical(["rbf", "linear"])
    assert imported("grids").study.points == 8
