"""Filters mean the same in both engines, and none of them can stop the process that reads."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.regex_engine import Expression
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError

REPOSITORY = Path(__file__).parents[4]
CORPUS = [
    r"{name: ([\w|-]+), value: ((-?\d+)(\.\d+)?)}",
    r"([\w-]+)=(Genotype.*)",
    r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)",
    r"auc=([0-9\.]+)",
    r"Validation-accuracy=(.*)",
    r"^(?:\w+\s?)*loss=(\S+)$",
    r"(?i)loss[:=]\s*(\S+)",
    r"loss\s+is\s+(?P<value>[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\b",
    r"\[(?P<step>\d+)\]\s+valid_0's (?P<name>\w+): (?P<value>\S+)",
    r"a{2,3}b{,2}(\S*)",
    r"(a|b)*=(\S+)",
    r"(a*)*=(\S+)",
    r"^|loss=(\d*)",
    r"(?m)^loss=(.*?)$",
    r"x*",
]
LINES = [
    *("loss=0.5", "val_loss=1.5e-3 loss=nan", "epoch 3 - loss: 0.5 - val_loss: 0.6", "[10]\tvalid_0's l2: 0.25"),
    *(
        "{name: picks, value: -0.5}",
        "auc=0.95; auc=0.96",
        "loss\x0b=\x1c0.5",
        "naïve loss=٣",
        "aabb=ab=",
        "",
        " ",
        "LOSS = 1",
    ),
    *(
        "Validation-accuracy=0.9 ",
        "loss is 0.5 and loss is 7",
        "a b c loss=0.5",
        "a" * 15,
        "loss=\u00a01",
        "aaab,,loss=1",
    ),
]
_WRITTEN = re.compile(r"""(?:filter=|r)(?:\{[^}]*?:\s*)?r?"((?:[^"\\\n]|\\.)*\([^"\n]*\)[^"\n]*)\"""")


def filters() -> Iterator[str]:
    """Yield every filter of documentation, examples and tests, and those of other products."""
    yield from CORPUS
    places = [*REPOSITORY.glob("docs/**/*.md"), REPOSITORY / "README.md", *REPOSITORY.glob("dags/**/*.py")]
    for path in [*places, *Path(__file__).parent.glob("*.py"), REPOSITORY / "tests/unit/bad_input/test_streams.py"]:
        for found in _WRITTEN.findall(path.read_text(encoding="utf-8")):
            try:
                re.compile(found)
            except (re.error, OverflowError):
                continue
            yield found


def spans(matches: object) -> list[list[tuple[int, int]]]:
    return [[match.span(group) for group in range(match.re.groups + 1)] for match in matches]  # type: ignore[attr-defined]


def found(expression: Expression, line: str) -> list[list[tuple[int, int]]]:
    return [[match.span(group) for group in range(expression.groups + 1)] for match in expression.finditer(line)]


@pytest.mark.parametrize("text", sorted(set(filters())))
def test_every_filter_means_in_its_engine_what_python_means(text: str) -> None:
    expression = Expression(text)
    for line in LINES:
        assert found(expression, line) == spans(re.finditer(text, line)), line


PIECES = st.sampled_from(
    [
        *(
            "a",
            "b",
            ".",
            r"\d",
            r"\w",
            r"\s",
            r"\S",
            r"\b",
            "=",
            "[ab]",
            "[^a]",
            "^",
            "$",
            "(?:a|b)",
            "(a)",
            "(b|)",
            "(?i:A)",
        ),
        *("(a+)", "(\\d*)", "{", "}", r"\{", "é", r"\x41", r"\t", "a{2}", "a{,2}", r"(?=a)", r"a*+", r"[\d-]", r"\D"),
    ]
)
REPEATS = st.sampled_from(["", "", "", "*", "+", "?", "*?", "+?", "{1,2}"])
PATTERNS = st.lists(st.tuples(PIECES, REPEATS).map("".join), min_size=1, max_size=5).map("".join)
TEXTS = st.text(alphabet="abA=1 .\t{}é\x0b", max_size=12)


@given(PATTERNS, TEXTS)
@settings(deadline=None)
def test_any_expression_means_in_its_engine_what_python_means(text: str, line: str) -> None:
    try:
        wanted = spans(re.finditer(text, line))
    except re.error:
        return
    assert found(Expression(text), line) == wanted


@pytest.mark.parametrize(
    "text", [r"(?<!x)loss=(\S+)", r"(a)\1=(\S+)", r"a++=(\S+)", r"(?=l)loss=(\S+)", r"(a*)*=(\S+)"]
)
def test_what_google_re2_has_not_runs_in_regex(text: str) -> None:
    assert not Expression(text).linear


@pytest.mark.parametrize("text", [r"^(?:\w+\s?)*loss=(\S+)$", r"^(?:.*?,){25}P=(\S+)", r"(x+x+)+y=(\S+)", *CORPUS[:4]])
def test_expressions_that_explode_elsewhere_run_in_google_re2(text: str) -> None:
    expression = Expression(text)
    assert expression.linear
    for line in ("a" * 4000 + "loss=!", "1," * 2000 + "P", "x" * 4000 + "="):
        list(expression.finditer(line))


def test_a_filter_that_takes_too_long_stops_the_source_with_a_sentence() -> None:
    source = Stdout(filter={"loss": r"(?:^loss=(?P<value>\S+)|^(?!x)(?:.*?,){25}P;)"})
    collector = Collector(source, Objective("loss"))
    collector.feed(b"loss=1\n" + b"1," * 40 + b"P ;\nloss=2\n")
    assert collector.so_far() is None
    with pytest.raises(TrialFailedError, match=r"filter must be quick .*\{25\}.* on a line of 83 characters"):
        collector.measure()


def test_the_engines_are_loaded_with_the_first_line_and_not_with_the_declaration() -> None:
    code = (
        "import sys; from airflow_hpo import Stdout; Stdout(filter={'loss': r'loss=(\\S+)'});"
        "print('re2' in sys.modules, 'regex' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_regex_takes_the_same_expressions() -> None:
    assert all(regex.compile(text) for text in CORPUS if "{" not in text)
