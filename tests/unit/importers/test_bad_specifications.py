"""A specification with any value in any place is imported or refused, and never ends in an error of another kind."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.dag_file import dag_file
from tests.unit.importers.test_corpus import CORPUS, READERS

ODD: list[Any] = [None, True, 5, "x", [], ["x"], {"x": 1}, [{"name": 3}]]
CASES = [
    "trainer/optimizationjob_random",
    "katib/rich_pod",
    "katib/second_container",
    "katib/read_from_cluster",
    "wandb/bayes_hyperband",
    "wandb/nested",
]


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, each in inner:
        yield from places(each, (*path, name))


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    made = copy.deepcopy(data)
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return made


@pytest.mark.parametrize("name", CASES)
def test_any_value_in_any_place_is_imported_or_refused(name: str) -> None:
    read = READERS[name.partition("/")[0]]
    given = list(yaml.safe_load_all((CORPUS / f"{name}.yaml").read_text()))
    for path in places(given):
        for value in ODD:
            text = "\n---\n".join(json.dumps(each) for each in changed(given, path, value))
            try:
                compile(dag_file(read(text), "specification.yaml"), name, "exec")
            except DeclarationError:
                pass
            except Exception as err:
                raise AssertionError(f"{path} = {value!r}") from err
