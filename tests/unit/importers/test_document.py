from __future__ import annotations

import pytest

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.document import LARGEST, documents

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{here}: &{here} [{', '.join([f'*{before}'] * 9)}]\n" for before, here in zip("abcdefghi", "bcdefghij")
)


def test_documents_are_read_one_after_another_and_empty_ones_are_none() -> None:
    assert documents("a: 1\n---\n---\nb: [x]\n") == [{"a": 1}, {"b": ["x"]}]


def test_json_is_read_too() -> None:
    assert documents('{"a": {"b": 1e-5}}') == [{"a": {"b": 1e-05}}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("off", False),
        ("1e-5", 1e-05),
        ("0.5", 0.5),
        ("1:30", "1:30"),
        ("2026-03-02", "2026-03-02"),
        ('"1"', "1"),
        ("0x10", 16),
        ("~", None),
    ],
)
def test_a_scalar_is_read_as_kubernetes_reads_it(text: str, value: object) -> None:
    assert documents(f"a: {text}") == [{"a": value}]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "50,000 values at most"),
        ("[" + "1," * 50_001 + "]", "50,000 values at most"),
        ("a: &a [*a]", "an alias that contains itself"),
        ("a: 1\nb: 2\na: 3", "'a' stands twice"),
        ("a: !!python/object/apply:os.system [id]", "asks for an object"),
        ("a: !!binary aGk=", "asks for an object"),
        ("a: [1", "a mistake in line"),
        (b"\x80\x04\x95", "binary file"),
        ("a\0b", "binary file"),
        ("[" * 5000 + "]" * 5000, "not nested without end"),
        (b" " * (LARGEST + 1), "10 MB at most"),
    ],
    ids=["bomb", "many", "itself", "twice", "object", "binary", "half", "pickle", "nul", "deep", "large"],
)
def test_what_is_no_specification_is_refused_in_one_sentence(text: str | bytes, why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        documents(text)
