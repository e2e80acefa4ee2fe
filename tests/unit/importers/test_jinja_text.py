from __future__ import annotations

import pytest
from hypothesis import given, strategies
from jinja2 import Environment

from airflow_hpo.importers.jinja_text import Expression, of_parameter, template


def rendered(text: str) -> str:
    return Environment(autoescape=False).from_string(text).render(trial={"params": {"lr": 0.1, "a-b": 2}})


@given(strategies.text(alphabet="{}%#'\"ab \r\n", max_size=12), strategies.text(alphabet="{}%#'\"ab \r\n", max_size=12))
def test_a_text_reaches_the_program_as_it_stands_around_what_is_filled_in(before: str, after: str) -> None:
    assert rendered(template([before, of_parameter("lr"), after])) == f"{before}0.1{after}"
    assert rendered(template([before])) == before


@pytest.mark.parametrize(("name", "value"), [("lr", "0.1"), ("a-b", "2")])
def test_a_parameter_of_any_name_is_asked_for(name: str, value: str) -> None:
    assert rendered(template([of_parameter(name)])) == value


def test_a_text_that_looks_like_a_template_of_ours_is_no_template() -> None:
    text = template(["print(f'{trial.number}')", Expression("trial.params.lr")])
    assert rendered(text) == "print(f'{trial.number}')0.1"
    assert "{trial.number" not in text
