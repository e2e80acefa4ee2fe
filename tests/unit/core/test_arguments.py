from __future__ import annotations

import pytest
from jinja2 import Environment, StrictUndefined

from airflow_hpo.core.arguments import Arguments, expanded
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.exceptions import DeclarationError

PARAMS = {"learning_rate": 0.1, "flag": True, "name": "a {{ b }}.json", "none": None}
TRIAL = TrialView(TrialRequest(study="s@r", key="001/0", params=PARAMS), [*PARAMS, "absent"])
TEMPLATES = Environment(undefined=StrictUndefined, autoescape=False)


def rendered(*command: str) -> list[str]:
    return [TEMPLATES.from_string(part).render(trial=TRIAL) for part in expanded(list(command), TRIAL)]


def test_all_parameters_become_one_argument_each_spelled_as_in_variables() -> None:
    assert rendered("python", "{{ trial.args }}", "--end") == [
        "python",
        "--learning_rate=0.1",
        "--flag=true",
        "--name=a {{ b }}.json",
        "--none=",
        "--end",
    ]


def test_names_may_have_hyphens() -> None:
    assert rendered("{{ trial.args('--{hyphens}={value}') }}")[0] == "--learning-rate=0.1"


def test_a_form_of_ones_own_may_be_several_arguments() -> None:
    assert rendered("{{ trial.args('-P', '{name}:{value}') }}")[:4] == ["-P", "learning_rate:0.1", "-P", "flag:true"]


def test_within_a_text_they_are_quoted_as_a_shell_needs_it() -> None:
    assert rendered("exec train {{ trial.args('{name}={value}') }}") == [
        "exec train learning_rate=0.1 flag=true 'name=a {{ b }}.json' none="
    ]


@pytest.mark.parametrize("call", ["(3)", "('{nam}')"])
def test_a_form_that_cannot_be_is_refused_with_one_that_can(call: str) -> None:
    with pytest.raises(DeclarationError, match=r"Write trial\.args"):
        rendered("{{ trial.args" + call + " }}")


def test_what_is_no_list_or_has_no_trial_stays_as_it_is() -> None:
    assert expanded("{{ trial.args }}", TRIAL) == "{{ trial.args }}"
    assert expanded(["{{ trial.args }}"], None) == ["{{ trial.args }}"]


def test_no_parameters_are_no_arguments() -> None:
    assert list(Arguments({})) == []


def test_an_inactive_parameter_is_nothing_and_a_misspelled_one_an_error() -> None:
    assert rendered("[{{ trial.params.absent }}{{ trial.params['absent'] }}]") == ["[]"]
    assert rendered("{{ trial.params.absent is defined }} {{ 'absent' in trial.params }}") == ["False False"]
    with pytest.raises(Exception, match="absnt"):
        rendered("{{ trial.params.absnt }}")


def test_an_inactive_parameter_is_nothing_in_an_evaluation_too() -> None:
    request = TrialRequest(study="s/test@r", key="001/0", params={"x": 1}, candidate="champion")
    view = TrialView(request, ["candidate", "scenario"])
    assert TEMPLATES.from_string("[{{ trial.params.absent }}{{ trial.params.x }}]").render(trial=view) == "[1]"


def test_a_boolean_is_a_flag_where_it_is_true_and_left_out_where_it_is_not() -> None:
    assert rendered("python", "{{ trial.args.flag('flag') }}", "{{ trial.args.flag('flag', '+{name}') }}") == [
        "python",
        "--flag",
        "+flag",
    ]
    assert rendered("python", "{{ trial.args.flag('none') }}", "{{ trial.args.flag('learning_rate') }}") == ["python"]
