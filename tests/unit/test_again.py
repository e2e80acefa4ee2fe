"""A second try for live tests, and the ledger of the first ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import first_tries
from tests.again import main
from tests.first_tries import FirstTry

MARK = "def test_b():\n    with open('b', 'a') as file:\n        file.write('x')\n"
FLAKY = "def test_a():\n    open('seen', 'a').write('x')\n    assert len(open('seen').read()) > 1\n"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ledger that the runs of a test share."""
    monkeypatch.setenv(first_tries.LEDGER, str(tmp_path / "ledger"))
    return tmp_path / "ledger"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ledger: Path) -> Callable[..., int]:
    """Writes test files and returns what trying them comes to."""
    monkeypatch.chdir(tmp_path)
    # Plugins take most of the time of a pytest that has nothing to do.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def tried(**files: str) -> int:
        for name, text in files.items():
            (tmp_path / f"test_{name}.py").write_text(text)
        return main(["-q"])

    return tried


def test_only_the_files_that_failed_are_tried_again_and_decide(run: Callable[..., int], tmp_path: Path) -> None:
    assert run(a=FLAKY, b=MARK) == 0
    assert ((tmp_path / "seen").read_text(), (tmp_path / "b").read_text()) == ("xx", "x")


def test_a_first_try_that_failed_is_listed_at_the_end_and_kept(
    run: Callable[..., int], ledger: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(a=FLAKY, b=MARK) == 0
    (kept,) = first_tries.read(ledger)
    assert (kept.file, kept.test) == ("test_a.py", "test_a")
    assert "assert 1 > 1" in kept.line
    assert capfd.readouterr().out.endswith(
        f"First tries that failed: 1 tests in 1 files.\n  test_a.py::test_a\n    {kept.line}\n"
    )


def test_nothing_is_kept_when_nothing_fails(run: Callable[..., int], ledger: Path) -> None:
    assert run(b=MARK) == 0
    assert first_tries.read(ledger) == []


def test_another_test_that_fails_at_the_second_try_has_passed_before_and_is_listed(
    run: Callable[..., int], ledger: Path
) -> None:
    later = "def test_b():\n    assert len(open('seen').read()) < 2\n"
    assert run(a=FLAKY + later) == 0
    assert [each.test for each in first_tries.read(ledger)] == ["test_a", "test_b"]


def test_what_fails_twice_has_failed(run: Callable[..., int], tmp_path: Path) -> None:
    assert run(a="def test_a():\n    assert False\n", b=MARK) == 1
    assert (tmp_path / "b").read_text() == "x"


def test_a_fixture_that_breaks_is_tried_again(run: Callable[..., int], tmp_path: Path, ledger: Path) -> None:
    broken = "import pytest\n@pytest.fixture\ndef a():\n    open('seen', 'a').write('x')\n    raise OSError('no room')\ndef test_a(a): ...\n"
    assert run(a=broken) == 1
    assert (tmp_path / "seen").read_text() == "xx"
    assert "no room" in first_tries.read(ledger)[0].line


def test_what_cannot_be_collected_is_not_tried_again(run: Callable[..., int], tmp_path: Path) -> None:
    assert run(a="nonsense", b=MARK) == 2
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(("count", "code"), [(0, 0), (2, 0), (3, 1)])
def test_more_than_two_files_that_fail_at_their_first_try_are_too_many(ledger: Path, count: int, code: int) -> None:
    tries = [FirstTry(f"tests/test_{number}.py", test, "late") for number in range(count) for test in ("a", "b")]
    first_tries.append(tries)
    assert first_tries.main(ledger) == code


def test_without_a_shared_ledger_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(first_tries.LEDGER, raising=False)
    first_tries.append([FirstTry("tests/test_a.py", "a", "late")])
