"""Hook of the connection that a command names with ``--conn-id``, and errors as the one line that ends a command."""

import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from airflow.sdk.exceptions import AirflowNotFoundException
from sqlalchemy.exc import SQLAlchemyError

from airflow_hpo.core.masking import masked
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
INTERRUPTED, UNREAD = 128 + signal.SIGINT, 128 + signal.SIGPIPE
"""Exit codes that shells give a program that a signal ended."""
_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")


def one_line_errors(command: Callable[[Any], None]) -> Callable[[Any], None]:
    """End a command by one line and its exit code, without a traceback, whatever the outside world does to it.

    Codes: 0, it was done; 1, an error that its line names; 2, wrong words, which Airflow's parser says; 130, Ctrl-C; 141, its reader
    is gone, as after ``| head``. The last two are those of a program that ends by these signals.
    """

    @wraps(command)
    def guarded(args: Any) -> None:
        try:
            _check(args)
            command(args)
            sys.stdout.flush()
        except (HpoError, AirflowNotFoundException) as err:
            sys.exit(" ".join(shown(str(err)).split()))
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            _discard_output()
            sys.exit(UNREAD)
        except OSError as err:
            what = f"{err.filename!r}: " if err.filename else ""
            sys.exit(f"The system refused it: {what}{err.strerror or err}. Mend that, and type the command again.")
        except SQLAlchemyError as err:
            said = " ".join(shown(masked(str(getattr(err, "orig", None) or err))).split())
            sys.exit(f"A database must answer, but it says: {said}. Type the command again when it does.")

    return guarded


def _discard_output() -> None:
    """Have what is left of the output written to nowhere: Python flushes once more when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check(args: Any) -> None:
    """Refuse what no database takes, whatever the command: text that is none, and numbers that are too large."""
    for name, value in vars(args).items():
        if isinstance(value, str) and _UNSPEAKABLE.search(value):
            raise DeclarationError(
                f"What is typed must be text in UTF-8 without NUL, but got {value!r}. Type it without them."
            )
        if isinstance(value, int) and not 0 <= value <= LARGEST:
            raise DeclarationError(f"A number is one from 0 to {LARGEST}, but {name} is {value}. Type one of them.")
