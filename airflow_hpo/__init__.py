"""Hyperparameter optimisation in Apache Airflow: tune, compare with production, decide, promote, roll back, repeat.

Public names stand in ``__init__.pyi`` and are loaded when they are first used, so that importing this package costs nothing:
Airflow reads it at every start, and trial programs may import ``airflow_hpo.reporting`` from it.
"""

import ast
import importlib
import os
from typing import Any

__version__ = "0.1.0"

with open(f"{os.path.splitext(__file__)[0]}.pyi", encoding="utf-8") as _stub:
    _IMPORTS = [node for node in ast.parse(_stub.read()).body if isinstance(node, ast.ImportFrom)]
_MODULES = {alias.name: str(node.module) for node in _IMPORTS for alias in node.names}
__all__ = sorted([*_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
