from __future__ import annotations

import re

import pytest

from airflow_hpo.importers.go_regex import UntranslatedError, python_regex, takes_half_numbers


@pytest.mark.parametrize(
    ("go", "python"),
    [
        (r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)", r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"),
        (r"{name: (\w+)}", r"{name: (\w+)}"),
        (r"(?P<n>a)(?<v>b)", r"(?P<n>a)(?P<v>b)"),
        (r"[[:alpha:]_]+", r"[A-Za-z_]+"),
        (r"a\z", r"a\Z"),
        (r"a$", r"a\Z"),
        (r"x{,3}", r"x\{,3}"),
        (r"\Qa.b\E.", r"a\.b."),
        (r"\x{41}", "A"),
        (r"a(?i)b|c", r"a(?i:b|c)"),
        (r"(x(?i)y)z", r"(x(?i:y))z"),
        (r"[a[]", r"[a\[]"),
        (r"[]a]", r"[\]a]"),
    ],
)
def test_an_expression_is_written_as_python_writes_it(go: str, python: str) -> None:
    assert python_regex(go) == python
    re.compile(python)


@pytest.mark.parametrize("go", [r"(a)\1", r"(?=a)", r"(?<=a)b", r"a*+", r"\pL", "(", "[[:^alpha:]]"])
def test_what_one_of_the_languages_has_not_is_refused(go: str) -> None:
    with pytest.raises(UntranslatedError):
        python_regex(go)


@pytest.mark.parametrize(
    ("expression", "half"),
    [
        (r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)", False),
        (r"(\w+)=(\d+)", True),
        (r"(\w+)=(-?\d+\.\d+)", True),
        (r"(\w+)=(\S+)", False),
        (r"{name: ([\w|-]+), value: ((-?\d+)(\.\d+)?)}", False),
        (r"(\w+): (\d+\.\d+);", False),
    ],
)
def test_a_filter_that_ends_in_the_middle_of_a_number_is_known(expression: str, half: bool) -> None:
    assert takes_half_numbers(expression) is half
