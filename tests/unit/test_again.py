"""A second try for live tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.again import main

MARK = "def test_b():\n    with open('b', 'a') as file:\n        file.write('x')\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Writes test files and returns what trying them comes to."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def tried(**files: str) -> int:
        for name, text in files.items():
            (tmp_path / f"test_{name}.py").write_text(text)
        return main(["-q"])

    return tried


def test_only_the_files_that_failed_are_tried_again_and_decide(run: Callable[..., int], tmp_path: Path) -> None:
    flaky = "def test_a():\n    open('seen', 'a').write('x')\n    assert len(open('seen').read()) > 1\n"
    assert run(a=flaky, b=MARK) == 0
    assert ((tmp_path / "seen").read_text(), (tmp_path / "b").read_text()) == ("xx", "x")


def test_what_fails_twice_has_failed(run: Callable[..., int], tmp_path: Path) -> None:
    assert run(a="def test_a():\n    assert False\n", b=MARK) == 1
    assert (tmp_path / "b").read_text() == "x"


def test_a_fixture_that_breaks_is_tried_again(run: Callable[..., int], tmp_path: Path) -> None:
    broken = "import pytest\n@pytest.fixture\ndef a():\n    open('seen', 'a').write('x')\n    raise OSError\ndef test_a(a): ...\n"
    assert run(a=broken) == 1
    assert (tmp_path / "seen").read_text() == "xx"


def test_what_cannot_be_collected_is_not_tried_again(run: Callable[..., int], tmp_path: Path) -> None:
    assert run(a="nonsense", b=MARK) == 2
    assert not (tmp_path / "b").exists()
