from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.core.template_names import check_template_names
from airflow_hpo.exceptions import DeclarationError

HAS = ["args", "number", "params", "period", "seed"]


def check(value: Any) -> None:
    check_template_names("command", value, ["lr", "n-layers"], HAS, ["day"])


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("{{ trial.params.l }}", "Did you mean 'lr'?"),
        ("{{ trial.params['rate'] }}", "It has lr, n-layers."),
        ("{{ trial.params.rate | round(2) }}", "It has lr, n-layers."),
        ("{% if trial.params.rate > 1 %}a{% endif %}", "It has lr, n-layers."),
        ("{{ trial.lr }}", "Write trial.params.lr."),
        ("{{ trial.param.lr }}", "Did you mean 'params'?"),
        ("{{ trial.id }}", "It has args, number, params, period, seed."),
        ("{{ params.lr }}", "Write trial.params.lr."),
        ("{{ trial.params.lr", "Write '{{ trial.params.lr }}'."),
    ],
    ids=str,
)
def test_a_name_that_there_is_not_is_refused_with_the_one_that_is_meant(text: str, remedy: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        check(["run", {"env": text}])

    assert str(refused.value).endswith(remedy)


@pytest.mark.parametrize(
    "text",
    [
        "{{ trial.params.lr }} {{ trial.params['n-layers'] }} {{ trial.params }}",
        "{{ trial.params.rate | default(1) }}",
        "{{ trial.params.rate if trial.params.rate is defined else 2 }}",
        "{{ trial.params.rate if 'rate' in trial.params }}",
        "{% for name in trial.params %}{{ trial.params[name] }}{% endfor %}",
        "{{ trial.args('--{name}', '{value}') }}",
        "{{ trial.period.start | ds }}",
        "{{ params.day }}",
        "{{ ds }} and no trial",
        "{% set trial = other %}{{ trial.anything }}",
        "trial.lr is no template",
    ],
    ids=str,
)
def test_what_may_be_asked_for_is_not_refused(text: str) -> None:
    check([text])
