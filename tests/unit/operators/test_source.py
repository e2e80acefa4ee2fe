from __future__ import annotations

import functools
import math
from typing import Any

from airflow_hpo.operators.function import TrialPythonOperator, source_of


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
