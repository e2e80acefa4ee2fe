"""What a Hyperopt file says, beyond the cases of tests/corpus."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo import Categorical, Float, Int, from_hyperopt
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.dag_file import dag_file
from airflow_hpo.importers.findings import RefusedSpecificationError
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.systems import read, system_of

HEAD = "from hyperopt import hp, fmin, tpe, anneal, Trials, SparkTrials\nfrom hyperopt.pyll import scope\n"


def search(space: str, arguments: str = "max_evals=9", before: str = "", **options: Any) -> Imported:
    text = f"{HEAD}{before}\nspace = {space}\nfmin = dict({arguments})\n"
    return from_hyperopt(text, run_file=True, **{"name": "breeze", **options})


def refused(*given: str, **options: Any) -> dict[str, str]:
    with pytest.raises(RefusedSpecificationError) as told:
        search(*given, **options)
    return {each.path: each.sentence for each in told.value.refusals}


def point(found: Imported, params: dict[str, Any]) -> Any:
    names: dict[str, Any] = {}
    exec(found.code, names)
    return names["point"](params)


def test_a_file_is_run_only_when_that_is_said() -> None:
    with pytest.raises(
        DeclarationError, match=r"run_file=False. Look at the file, then write run_file=True \(--run-file\)"
    ):
        from_hyperopt(HEAD, name="breeze")


def test_a_file_gets_nothing_of_the_environment_of_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    found = search(
        "[hp.uniform('x', 0, 1), str({n: v for n, v in os.environ.items() if 'AIRFLOW' in n})]", before="import os"
    )
    assert point(found, {"x": 0.5}) == [0.5, "{}"]


def test_a_call_of_fmin_is_read_and_what_follows_it_is_not_run() -> None:
    text = f"{HEAD}best = fmin(abs, hp.uniform('x', -1, 1), tpe.suggest, 30, trials=Trials())\nprint(best['x'])\n"
    found = from_hyperopt(text, run_file=True, name="breeze")
    assert found.study.max_trials == 30
    assert dict(found.study.space) == {"x": Float(-1.0, 1.0)}
    assert [(each.path, each.level.value) for each in found.notes] == [("trials", "left_out")]


def test_a_call_under_main_is_read() -> None:
    text = f"{HEAD}if __name__ == '__main__':\n    fmin(fn=abs, space=hp.uniform('x', 0, 1), max_evals=3)\n"
    assert from_hyperopt(text, run_file=True, name="breeze").study.max_trials == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("space = (", "SyntaxError"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("from hyperopt import hp\nhp.uniform('x', 1)", r"hp.uniform\('x'\) takes low, high"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import os\nos._exit(4)", "code 4"),
        ("\0", "null byte"),
        ("space = []\nspace.append(space)", "contains itself"),
        ("space = {(1, 2): 3}", "a key of a space is a text or a number"),
    ],
)
def test_a_file_that_fails_is_told(text: str, why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        from_hyperopt(text, run_file=True, name="breeze")


def test_all_that_cannot_be_had_is_told_at_once() -> None:
    space = "{'a': hp.normal('a', 0, -1), 'b': hp.qloguniform('b', 0, 3, 5), 'c': hp.pchoice('c', [(0, 1), (1, 2)])}"
    told = refused(space, "max_eval=9, algo=anneal.suggest", name=None)
    assert list(told) == ["name", "a", "b", "c", "algo", "max_eval"]
    assert "'max_evals'" in told["max_eval"]


def test_a_parameter_in_branches_of_several_choices_exists_in_any_of_them() -> None:
    before = "x = hp.uniform('x', 0, 1)"
    space = "[hp.choice('a', [{'t': 'u', 'x': x}, 1]), hp.choice('b', [{'t': 'v', 'x': x}, 2])]"
    found = search(space, before=before)
    assert found.study.space["x"].when == [{"a": ["u"]}, {"b": ["v"]}]
    assert point(found, {"a": 1, "b": "v", "x": 0.5}) == [1, {"t": "v", "x": 0.5}]
    assert point(found, {"a": "u", "b": 2, "x": 0.5}) == [{"t": "u", "x": 0.5}, 2]


def test_a_parameter_that_stands_in_a_choice_and_beside_it_has_no_condition() -> None:
    found = search("[x, hp.choice('a', [{'x': x}, 1])]", before="x = hp.uniform('x', 0, 1)")
    assert found.study.space["x"].when is None


def test_a_parameter_of_every_branch_of_an_inner_choice_has_the_condition_of_that_choice() -> None:
    space = "hp.choice('a', [{'t': 'u', 'b': hp.choice('b', [{'t': 'v', 'x': x}, {'t': 'w', 'x': x}])}, {'t': 'z'}])"
    found = search(space, before="x = hp.uniform('x', 0, 1)")
    assert found.study.space["x"].when == {"a": ["u"]}


def test_a_parameter_that_is_whole_in_one_place_only_stays_real() -> None:
    found = search("[scope.int(x), x]", before="x = hp.quniform('x', 2, 9, 1)")
    assert found.study.space["x"] == Float(2.0, 9.0, step=1.0)
    assert point(found, {"x": 3.0}) == [3, 3.0]


def test_steps_on_a_logarithmic_scale_are_multiples_without_0() -> None:
    found = search(
        "[hp.qloguniform('x', np.log(0.5), np.log(4), 0.5), scope.int(hp.qloguniform('n', np.log(8), np.log(64), 8))]",
        before="import numpy as np",
    )
    assert dict(found.study.space) == {"x": Float(0.5, 4.0, log=True, step=0.5), "n": Int(8, 64, log=True, step=8)}
    assert found.notes == ()


def test_a_real_number_that_is_made_whole_is_cut_as_before() -> None:
    found = search("scope.int(hp.uniform('x', 1, 9))")
    assert found.study.space["x"] == Float(1.0, 9.0)
    assert point(found, {"x": 8.9}) == 8


def test_expressions_keep_their_order() -> None:
    found = search("-(2 - (1 - hp.uniform('x', 0, 1))) ** 2 + scope.exp(scope.log(hp.randint('n', 1, 5)))")
    assert point(found, {"x": 0.5, "n": 3}) == pytest.approx(-((2 - (1 - 0.5)) ** 2) + 3)
    compile(dag_file(found, "search.py"), "search.py", "exec")


def test_numbers_of_numpy_are_plain_ones() -> None:
    found = search("np.float64(2) * hp.uniform('x', np.float32(0), np.int64(1))", before="import numpy as np")
    assert point(found, {"x": 0.5}) == 1.0


def test_lists_are_branches_that_reach_the_objective() -> None:
    found = search("hp.choice('layers', [(64,), (64, 32)])")
    assert found.study.space["layers"] == Categorical(["[64]", "[64, 32]"])
    assert point(found, {"layers": "[64, 32]"}) == (64, 32)


def test_branches_that_are_called_alike_are_numbers() -> None:
    found = search("hp.choice('m', [{'k': 'a', 'n': hp.randint('n', 2)}, {'k': 'a', 'o': hp.randint('o', 3)}])")
    assert found.study.space["m"] == Categorical(["0", "1"])
    assert found.study.space["o"] == Int(0, 2, when={"m": "1"})
    assert point(found, {"m": "1", "o": 2}) == {"k": "a", "o": 2}


@pytest.mark.parametrize("space", ["hp.choice('act', [abs, len])", "{'x': hp.uniform('x', 0, 1), 'f': abs}"])
def test_objects_are_refused(space: str) -> None:
    assert "'abs', which is an object" in next(iter(refused(space).values()))


def test_a_label_that_is_no_name_is_renamed() -> None:
    found = search("hp.uniform('learning rate', 0, 1)")
    assert [*found.study.space] == ["learning_rate"]
    assert point(found, {"learning_rate": 0.5}) == 0.5
    assert [(each.path, each.level.value) for each in found.notes] == [("learning rate", "renamed")]


def test_sparks_trials_say_how_many_run_at_once() -> None:
    assert search("hp.uniform('x', 0, 1)", "max_evals=9, trials=SparkTrials(4)").study.parallelism == 4


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ("max_evals=0", "max_evals"),
        ("max_evals=9, timeout='1h'", "timeout"),
        ("max_evals=9, early_stop_fn=len", "early_stop_fn"),
        ("max_evals=9, points_to_evaluate=5", "points_to_evaluate"),
        ("max_evals=9, points_to_evaluate=[{'y': 1}]", "points_to_evaluate.y"),
        ("max_evals=9, points_to_evaluate=[{'k': 2}]", "points_to_evaluate.k"),
        ("max_evals=9, pass_expr_memo_ctrl=True", "pass_expr_memo_ctrl"),
        ("max_evals=9, timeout=1e300", "timeout"),
    ],
)
def test_an_argument_that_cannot_be_had_is_refused(arguments: str, path: str) -> None:
    assert list(refused("[hp.uniform('x', 0, 1), hp.choice('k', ['a', 'b'])]", arguments)) == [path]


def test_the_number_of_trials_may_be_given() -> None:
    assert search("hp.uniform('x', 0, 1)", "", max_trials=12).study.max_trials == 12


def test_the_trial_gives_the_loss_of_the_objective() -> None:
    found = search("hp.uniform('x', 0, 1)")
    names: dict[str, Any] = {}
    exec(found.code, names)
    names["objective"] = lambda x: {"loss": 2 * x, "status": "ok"}
    trial = type("Trial", (), {"params": {"x": 0.5}})
    assert names["train"](trial) == {"loss": 1.0}
    names["objective"] = lambda x: {"status": "fail"}
    with pytest.raises(ValueError, match="fail"):
        names["train"](trial)


def test_hyperopt_is_recognised_by_its_import() -> None:
    assert system_of(HEAD) == "hyperopt"
    assert system_of("import numpy\nimport hyperopt.hp as hp\n") == "hyperopt"


def test_a_file_that_is_data_is_not_run() -> None:
    with pytest.raises(DeclarationError, match="W&B is data and is not run"):
        read("method: grid\nparameters: {x: {values: [1]}}", run_file=True)


NOTEBOOK = (
    HEAD
    + '''from hyperopt import STATUS_OK
import math

FACTOR = 2
TABLE = {"y": 1}
TABLE["y"] = 3
TABLE.update(z=4)
unused = [1, 2]


def scaled(x):
    return FACTOR * x


def loss(args):
    """Return what is minimised."""
    return {"loss": scaled(args["x"]) + TABLE["y"] + TABLE["z"] + math.floor(0.5), "status": STATUS_OK}


best = fmin(loss, {"x": hp.uniform("x", 0, 1)}, algo=tpe.suggest, max_evals=7)
print(loss(best))
'''
)


def of_dag(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "dag"}
    exec(dag_file(from_hyperopt(text, run_file=True, name="breeze"), "search.py"), names)
    return names


def test_the_objective_of_a_notebook_is_copied_with_all_that_it_needs() -> None:
    names = of_dag(NOTEBOOK)
    assert names["train"](type("Trial", (), {"params": {"x": 0.5}})) == {"loss": 8.0}
    assert "unused" not in names
    assert "best" not in names


@pytest.mark.parametrize(
    "change", [("scaled(args", "space_eval({}, args"), ("FACTOR", "Float"), ("def scaled", "def point")]
)
def test_an_objective_that_cannot_be_copied_is_left_to_be_put_in(change: tuple[str, str]) -> None:
    text = (
        NOTEBOOK.replace("STATUS_OK\n", "STATUS_OK, space_eval\n", 1)
        .replace(*change)
        .replace("scaled(args", "point(args" if change[1] == "def point" else "scaled(args")
    )
    with pytest.raises(NotImplementedError, match="Put the objective"):
        of_dag(text)["train"](type("Trial", (), {"params": {"x": 0.5}}))
