"""How commands end, whatever the outside world does to them: one line and an exit code, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException
from sqlalchemy.exc import OperationalError

from airflow_hpo.cli.connection import one_line_errors
from airflow_hpo.exceptions import StoreUnavailableError


def ended(error: BaseException) -> object:
    @one_line_errors
    def command(args: Namespace) -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        command(Namespace())
    return caught.value.code


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (lambda: StoreUnavailableError("The database\nis away."), "The database is away."),
        (lambda: AirflowNotFoundException("The conn_id `x` isn't defined"), "The conn_id `x` isn't defined"),
        (
            lambda: OperationalError("SELECT 1", {}, Exception("connection refused")),
            "A database must answer, but it says: connection refused. Type the command again when it does.",
        ),
        (
            lambda: PermissionError(13, "Permission denied", "/etc/shadow"),
            "The system refused it: '/etc/shadow': Permission denied. Mend that, and type the command again.",
        ),
        (
            lambda: ConnectionRefusedError(111, "Connection refused"),
            "The system refused it: Connection refused. Mend that, and type the command again.",
        ),
    ],
)
def test_an_error_of_the_outside_world_is_one_line(error: Callable[[], BaseException], line: str) -> None:
    assert ended(error()) == line


def test_ctrl_c_ends_with_the_code_of_the_signal() -> None:
    assert ended(KeyboardInterrupt()) == 130


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        ended(ZeroDivisionError())


def test_a_reader_that_stops_ends_the_command_without_a_word() -> None:
    script = """
from argparse import Namespace
from airflow_hpo.cli.connection import one_line_errors
from airflow_hpo.cli.output import terminal

@one_line_errors
def command(args):
    for number in range(5000):
        terminal().print('x' * 70)

command(Namespace())
"""
    writer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout
    assert writer.stderr
    writer.stdout.readline()
    writer.stdout.close()
    said = writer.stderr.read().decode()
    writer.stderr.close()
    assert (writer.wait(), said) == (141, "")
