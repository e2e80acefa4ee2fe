"""Hook of the connection that a command names with ``--conn-id``, and errors as the one line that ends a command."""

import os
import re
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_hpo.core.shown_text import shown
from airflow_hpo.exceptions import DeclarationError, HpoError
from airflow_hpo.hooks.hpo import HpoHook


def hook_of(conn_id: str) -> HpoHook:
    """Return the hook of a connection that a person names, who would rather see an error than wait.

    Commands run where Airflow's own database may be read. Airflow looks for connections there only in processes that say
    so, as its own ``connections`` commands do; otherwise one made in the UI would be passed over for the default file.
    """
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    return HpoHook(conn_id, patience=0)


LARGEST = 2**31 - 1
_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")


def one_line_errors(command: Callable[[Any], None]) -> Callable[[Any], None]:
    """Print an error of this package, or an unknown connection, as one line and end with status 1, without a traceback."""

    @wraps(command)
    def guarded(args: Any) -> None:
        try:
            _check(args)
            command(args)
        except (HpoError, AirflowNotFoundException) as err:
            sys.exit(" ".join(shown(str(err)).split()))

    return guarded


def _check(args: Any) -> None:
    """Refuse what no database takes, whatever the command: text that is none, and numbers that are too large."""
    for name, value in vars(args).items():
        if isinstance(value, str) and _UNSPEAKABLE.search(value):
            raise DeclarationError(
                f"What is typed must be text in UTF-8 without NUL, but got {value!r}. Type it without them."
            )
        if isinstance(value, int) and not 0 <= value <= LARGEST:
            raise DeclarationError(f"A number is one from 0 to {LARGEST}, but {name} is {value}. Type one of them.")
