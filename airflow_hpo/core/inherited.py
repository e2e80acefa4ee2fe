"""Variables that a program on the worker's machine inherits: all but Airflow's own and those with a secret in them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_hpo.core.masking import masked
from airflow_hpo.exceptions import DeclarationError

OF_AIRFLOW = ("AIRFLOW", "_AIRFLOW")
KEPT = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "TMPDIR", "TZ", "LANG", "LC_ALL", "TERM", "HOSTNAME"),
        *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "KUBECONFIG"),
    }
)
"""Without these a program may not start; none of them is a place for a secret, whatever words a weak password has in common."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def checked_names(given: Any) -> list[str]:
    """Return the names of variables that an author lets through; patterns and assignments are refused."""
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Sequence | set | frozenset):
        raise DeclarationError(
            f"`pass_env` is a list of names of variables, but got {type(given).__name__}. Write pass_env=['AIRFLOW_HOME']."
        )
    for name in given:
        if not isinstance(name, str) or not _NAME.match(name):
            # Not quoted: a value may have been written with the name.
            kind = type(name).__name__ if not isinstance(name, str) else name.partition("=")[0]
            raise DeclarationError(
                f"`pass_env` has the exact names of variables, without '*' and '=', but got {kind!r}. "
                "Write pass_env=['AIRFLOW_HOME'], and give values in `env`."
            )
    return sorted(set(given))


def inherited(environment: Mapping[str, str], passed: Sequence[str] = ()) -> tuple[dict[str, str], list[str]]:
    """Return the variables that a program inherits, and the names of those that are withheld from it."""
    withheld = [name for name, value in environment.items() if name not in passed and _is_withheld(name, value)]
    return {name: value for name, value in environment.items() if name not in withheld}, sorted(withheld)


def _is_withheld(name: str, value: str) -> bool:
    return name.startswith(OF_AIRFLOW) or (name not in KEPT and masked(value) != value)
