from __future__ import annotations

import functools
import math
from typing import Any

import pytest
from airflow.sdk import DAG, task

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.function import TrialPythonOperator, source_of
from airflow_hpo.task_groups.backends import PythonTrial
from airflow_hpo.task_groups.pipeline import GroupTrial


def trial_function(trial: Any) -> float:
    return 1.0


class Callable:
    def __call__(self, trial: Any) -> float:
        return 2.0


def test_a_function_is_known_by_its_source() -> None:
    assert source_of(trial_function) == "def trial_function(trial: Any) -> float:\n    return 1.0\n"


def test_a_callable_object_is_known_by_the_source_of_its_class() -> None:
    assert source_of(Callable()).startswith("class Callable")


def test_a_partial_is_known_by_its_function_and_arguments() -> None:
    one, two = (functools.partial(trial_function, depth=depth) for depth in (1, 2))
    assert source_of(one) != source_of(two)
    assert source_of(one) == source_of(functools.partial(trial_function, depth=1))


def test_a_function_without_source_is_known_by_its_name() -> None:
    assert source_of(math.sqrt) == "math.sqrt"


def test_no_address_in_memory_tells_functions_apart() -> None:
    made = eval("lambda trial: 1.0")
    assert " at 0x" not in "".join(map(source_of, [made, Callable(), functools.partial(trial_function)]))


def test_the_work_of_a_function_trial_changes_with_its_source() -> None:
    works = {
        TrialPythonOperator(task_id="t", request={}, function=function).work()
        for function in (trial_function, Callable(), functools.partial(trial_function))
    }
    assert len(works) == 3


def opened(function: Any, **arguments: Any) -> Any:
    """First task of a trial that is a group of tasks."""
    with DAG("d") as dag:

        @task
        def suggest() -> list[dict[str, Any]]:
            return []

        GroupTrial(function, **arguments).expand(suggest())
    return dag.get_task("trial.open")


def grouped(depth: int) -> Any:
    @task
    def train(x: Any) -> float:
        return float(depth)

    return lambda trial: train(trial.params.x)


def test_the_work_of_a_group_changes_with_what_its_function_encloses() -> None:
    factor = 1

    def scaled(trial: Any) -> Any:
        return grouped(factor)(trial)

    one = opened(scaled)
    assert one.version == opened(scaled).version
    factor = 2
    assert (one.code, one.version != opened(scaled).version) == (opened(scaled).code, True)


def test_a_group_has_files_that_decide_its_value(tmp_path: Any) -> None:
    (tmp_path / "a.py").write_text("1")
    tasks = opened(grouped(1), code=[tmp_path / "a.py"])
    before = tasks.files_work()
    (tmp_path / "a.py").write_text("2")
    assert tasks.files_work() != before


@pytest.mark.parametrize("code", ["train.py", [1], [""], {"train.py"}])
def test_code_is_a_list_of_paths(code: Any) -> None:
    for declare in (lambda: GroupTrial(grouped(1), code=code), lambda: PythonTrial(trial_function, code=code)):
        with pytest.raises(DeclarationError, match="`code` is a list of paths of files and folders"):
            declare()
