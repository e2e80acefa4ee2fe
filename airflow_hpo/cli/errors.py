"""How this package's errors end a command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_hpo.exceptions import HpoError


def one_line_errors(command: Callable[[Any], None]) -> Callable[[Any], None]:
    """Print an error of this package, or an unknown connection, as one line and end with status 1, without a traceback."""

    @wraps(command)
    def guarded(args: Any) -> None:
        try:
            command(args)
        except (HpoError, AirflowNotFoundException) as err:
            sys.exit(" ".join(str(err).split()))

    return guarded
