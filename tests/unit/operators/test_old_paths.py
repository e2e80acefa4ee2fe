"""Import paths of the version before, which work and name the new one for one minor version."""

import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("old", "name", "new"),
    [
        ("errors", "permanent_errors_end_the_task", "context"),
        ("place", "reference_of", "context"),
        ("place", "place_of", "context"),
        ("source", "source_of", "function"),
    ],
)
def test_an_old_path_warns_and_names_the_new_one(old: str, name: str, new: str) -> None:
    sys.modules.pop(f"airflow_hpo.operators.{old}", None)
    with pytest.warns(DeprecationWarning, match=f"operators.{new}"):
        module = importlib.import_module(f"airflow_hpo.operators.{old}")
    assert callable(getattr(module, name))
