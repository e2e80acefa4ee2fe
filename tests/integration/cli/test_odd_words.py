"""Whatever a person types, a command answers or ends with one line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.integration.cli.test_commands import Command, finished, parser, run
from tests.integration.trial_tasks import Tuned
from tests.unit.bad_input.anything import texts

__all__ = ["finished", "run"]

COMMANDS: list[Callable[[str, str], list[str]]] = [
    lambda name, number: ["studies", "list", f"--study={name}", f"--limit={number}", "-ojson"],
    lambda name, number: ["studies", "show", "-ojson", "--", name],
    lambda name, number: ["studies", "export", "-ocsv", "--", name],
    lambda name, number: ["studies", "why", "-ojson", "--", name],
    lambda name, number: ["trials", "invalidate", "--", name, number],
]
numbers = st.sampled_from(["0", "-1", "1e3", "9" * 30, str(2**63), "", "x", "٣", "nan"]) | st.integers().map(str)


@given(st.sampled_from(COMMANDS), texts | st.sampled_from(["demo", "demo@", "@", "\udcff", "%"]), numbers)
@example(COMMANDS[0], "demo", str(2**63))
@example(COMMANDS[0], "demo", "-1")
@example(COMMANDS[1], "\udcff", "1")
@example(COMMANDS[4], "demo", str(2**63))
@example(COMMANDS[4], "demo", "-1")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_words_are_answered_or_refused_in_one_line(
    run: Command, finished: Tuned, command: Callable[[str, str], list[str]], name: str, number: str
) -> None:
    words = command(name, number)
    code = _code(lambda: parser().parse_args(["hpo", *words]))
    if code == 2:
        return
    said = _code(lambda: run(*words))
    if said is not None:
        assert isinstance(said, str)
        assert said.strip()
        assert "\n" not in said
        assert said.encode()


def _code(action: Callable[[], object]) -> object:
    """Return what a command ends with; None when it is done."""
    try:
        action()
    except SystemExit as err:
        return err.code
    return None


def test_why_says_all_of_it_as_json(run: Command, finished: Tuned) -> None:
    found = json.loads(run("studies", "why", "demo", "-o", "json"))
    assert found["edition"] == finished.name
    assert found["study"][0].startswith("It ended at")
    assert found["trials"] == []


def test_an_invalidated_result_is_said_with_what_to_clear(run: Command, finished: Tuned) -> None:
    said = run("trials", "invalidate", "demo", "0", "--reason", "Broken data.")
    assert "Trial 0 counts no longer: Broken data." in said
    assert "clear task tune.batch_001.trial with map index 0 of run r of DAG tune" in said
    rows = json.loads(run("studies", "why", "demo", "-o", "json"))["trials"]
    assert [(row["number"], row["state"]) for row in rows] == [(0, "invalid")]
    assert "Its result was taken back: Broken data." in run("studies", "why", "demo")


def test_a_trial_without_a_result_cannot_be_invalidated(run: Command, finished: Tuned) -> None:
    with pytest.raises(SystemExit) as caught:
        run("trials", "invalidate", "demo", "99")
    assert "no trial 99" in str(caught.value.code)
