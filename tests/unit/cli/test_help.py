"""The help of the commands says what they do."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand

from airflow_hpo.cli.commands import CONNECTION, KUBERNETES, get_cli_commands
from airflow_hpo.hooks.hpo import HpoHook


def actions(commands: Any = None, path: str = "") -> Iterator[tuple[str, ActionCommand]]:
    for command in commands or get_cli_commands():
        name = f"{path} {command.name}".strip()
        if isinstance(command, GroupCommand):
            yield from actions(command.subcommands, name)
        else:
            yield name, command


COMMANDS = dict(actions())
ARGUMENTS = [(name, argument) for name, command in COMMANDS.items() for argument in command.args]


def options(argument: Arg) -> dict[str, Any]:
    return argument.kwargs


@pytest.mark.parametrize(
    ("command", "argument"), [pytest.param(c, a, id=f"{c} {a.flags[-1]}") for c, a in ARGUMENTS if a.flags[0][0] == "-"]
)
def test_the_help_of_an_option_names_the_default_that_it_has(command: str, argument: Arg) -> None:
    given = options(argument)
    default = given.get("default")
    if default is not None:
        assert given["help"].endswith(f"(default: {default})")
    else:
        assert not re.search(r"\(default: \S+\)", given["help"])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_s_function_reads_every_argument_that_is_offered(command: str) -> None:
    path = inspect.getclosurevars(COMMANDS[command].func).nonlocals["import_path"]
    module, _, name = path.rpartition(".")
    source = inspect.getsource(importlib.import_module(module))
    assert name in source
    for argument in COMMANDS[command].args:
        dest = options(argument).get("dest") or argument.flags[-1].lstrip("-").replace("-", "_")
        assert f"args.{dest}" in source, dest


def test_the_default_connections_are_those_of_the_hooks() -> None:
    from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook

    assert options(CONNECTION)["default"] == HpoHook.default_conn_name
    assert options(KUBERNETES)["default"] == KubernetesHook.default_conn_name


@pytest.mark.parametrize("command", ["hpo champion set", "hpo champion rollback"])
def test_moving_a_champion_says_that_it_starts_dags(command: str) -> None:
    """That they do is tested with the commands themselves (tests/integration/cli/test_champion.py)."""
    assert "start the DAGs that are scheduled on its asset" in COMMANDS[command].help
