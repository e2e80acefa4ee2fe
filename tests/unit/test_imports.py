"""What importing costs: a DAG file's declaration must not load what only tasks need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "airflow",
    "optuna",
    "sqlalchemy",
    "alembic",
    "kubernetes",
    "kubernetes_asyncio",
    "pandas",
    "numpy",
    "scipy",
    "torch",
    "re2",
    "regex",
}


def loaded_by(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import airflow_hpo",
        "import airflow_hpo.core.study",
        "import airflow_hpo.core.json_schema",
        "import airflow_hpo.core.advice",
        "import airflow_hpo.exceptions",
        "from airflow_hpo.core.study import Study; from airflow_hpo.core.space.space import Float; "
        "Study(name='s', space={'x': Float(0, 1)}, objective='loss', max_trials=9, sampler='qmc').fingerprint",
    ],
)
def test_declaring_a_study_loads_nothing_heavy(statement: str) -> None:
    assert loaded_by(statement) & HEAVY == set()


def test_the_package_itself_loads_not_even_pydantic() -> None:
    assert "pydantic" not in loaded_by("import airflow_hpo")


@pytest.mark.parametrize("module", ["reporting", "provider_info"])
def test_a_module_that_imports_nothing_runs_without_any_installed_package(module: str) -> None:
    file = Path(__file__).parents[2] / "airflow_hpo" / f"{module}.py"
    subprocess.run([sys.executable, "-I", "-S", file], check=True)


def test_importing_the_options_loads_nothing_heavy() -> None:
    assert loaded_by("import airflow_hpo.conf") & HEAVY == set()
