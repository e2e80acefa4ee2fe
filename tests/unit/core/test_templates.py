"""Values that become text in a template are spelled as in a trial's variables, and are values in all other places."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.context import render_template_to_string

from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.templates import text_templates
from airflow_hpo.core.trial import TrialRequest, TrialView

PARAMS = {"flag": True, "off": False, "none": None, "n": 3, "x": 1e-05, "s": "a"}
REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params=PARAMS, seed=3, scenario=Scenario("a", {"wet": True}))


@pytest.fixture(params=[False, True], ids=["text", "native"])
def dag(request: pytest.FixtureRequest) -> DAG:
    return DAG(
        "d",
        render_template_as_native_obj=request.param,
        user_defined_macros={
            "is_true": lambda value: value is True,
            "ask": lambda **given: given["flag"] is True,
            "dumps": json.dumps,
        },
        user_defined_filters={"upper": lambda value: f"<{value is True}>", "kind": lambda value: type(value).__name__},
    )


def rendered(dag: DAG, template: str, *, as_variables: bool = True) -> str:
    templates = text_templates(dag.get_template_env(), as_variables=as_variables)
    context: Any = {"trial": TrialView(REQUEST), "p": TrialView(REQUEST).params}
    return render_template_to_string(templates.from_string(template), context)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ p.flag }}|{{ p.none }}", "true|"),
        ("{{ '--f=' ~ trial.params.flag }}", "--f=true"),
        ("{{ p.off ~ p.none ~ p.n ~ '!' }}", "false3!"),
        ("{% set v = '--f=' ~ p.flag %}{{ v }}", "--f=true"),
        ("{% macro m(y) %}{{ 'a' ~ y }}{% endmacro %}{{ m(p.off) }}", "afalse"),
        ("{% for k in p %}{{ k ~ '=' ~ p[k] ~ ' ' }}{% endfor %}", "flag=true off=false none= n=3 x=1e-05 s=a "),
        ("{{ '--f=%s' % p.flag }}", "--f=true"),
        ("{{ '%s|%s|%s|%r' % (p.off, p.none, p.x, p.flag) }}", "false||1e-05|true"),
        ("{{ '%(f)s' % {'f': p.flag} }}", "true"),
        ("{{ '%d' % p.flag }}", "1"),
        ("{{ '{} {:>6} {!s} {f}|{g}'.format(p.flag, p.off, p.off, f=p.flag, g=p.none) }}", "true  false false true|"),
        ("{{ '{:d}'.format(p.flag) }}", "1"),
        ("{{ '{f}'.format_map({'f': p.flag}) }}", "true"),
        ("{{ '%s' | format(p.flag) }} {{ '%(f)s' | format(f=p.none) }}", "true "),
        ("{{ p.flag | string }}", "true"),
        ("{{ p.flag | string | length }}", "4"),
        ("{{ [p.flag, p.none, p.off] | join(',') }}", "true,,false"),
        ("{{ [{'f': p.flag}] | join(',', attribute='f') }}", "true"),
        ("{{ [p.flag, p.off] | map('string') | join('+') }}", "true+false"),
        ("{{ 'f=F' | replace('F', p.flag) }}", "f=true"),
        (
            "{{ p.flag | trim }} {{ p.flag | e }} {{ p.flag | truncate(9, true) }}|{{ p.off | center(7) }}",
            "true true true| false ",
        ),
        ("{{ p.flag | urlencode }} {{ {'f': p.flag} | urlencode }}", "true f=true"),
        ("{{ p.none | lower }}|{{ p.flag | lower }}", "|true"),
        ("{{ 'a' ~ true ~ none }} {{ '%s' % false }}", "atrue false"),
        ("{{ trial.scenario.values.wet | string }}", "true"),
    ],
)
def test_a_value_that_becomes_text_is_spelled_as_in_variables(dag: DAG, template: str, text: str) -> None:
    assert rendered(dag, template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ p.flag | tojson }} {{ p.none | tojson }} {{ [p.off, p.x] | tojson }}", "true null [false, 1e-05]"),
        ("{{ {'f': p.flag} | tojson }}", '{"f": true}'),
        ("{{ p | tojson }}", '{"flag": true, "n": 3, "none": null, "off": false, "s": "a", "x": 1e-05}'),
        ("{{ '--all=' ~ (trial.scenario.values | tojson) }}", '--all={"wet": true}'),
        ("{{ dumps({'f': p.flag}) }}", '{"f": true}'),
    ],
)
def test_json_has_its_own_spelling(dag: DAG, template: str, text: str) -> None:
    assert rendered(dag, template) == text


@pytest.mark.parametrize(
    "condition",
    [
        "p.flag and not p.off and not p.none",
        "p.flag == true and p.off == false and p.none == none and p.flag != p.off",
        "p.flag is true and p.off is false and p.flag is boolean and p.none is none",
        "p.flag is not integer and p.flag is not string",
        "p.flag + 1 == 2 and p.n % 2 == 1 and 7 % p.n == 1 and p.n * p.flag == 3",
        "{p.flag: 'x'}[true] == 'x' and p.flag in [true]",
        "(p.flag | int) == 1 and ([p.flag, p.off] | select | list) == [true]",
        "(p.none | default('d', true)) == 'd' and (p.flag and 'on') == 'on'",
        "is_true(p.flag) and ask(flag=p.flag)",
        "(p.flag | kind) == 'bool' and (p.flag | upper) == '<True>'",
    ],
)
def test_in_all_other_places_it_stays_a_value(dag: DAG, condition: str) -> None:
    assert rendered(dag, "{{ 'yes' if " + condition + " else 'no' }}") == "yes"


def test_a_list_that_is_written_as_it_is_has_pythons_spelling(dag: DAG) -> None:
    assert rendered(dag, "{{ [p.flag, p.none] }}") == "[True, None]"


def test_an_edition_of_before_keeps_pythons_spelling_everywhere(dag: DAG) -> None:
    template = "{{ 'a' ~ p.flag }} {{ '%s' % p.none }} {{ [p.off] | join }} {{ '{}'.format(p.flag) }}"
    assert rendered(dag, template, as_variables=False) == "aTrue None False True"
