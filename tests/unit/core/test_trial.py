from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.trial import LABEL_LENGTH, ParamsView, TrialRequest, TrialResult, TrialState, TrialView
from airflow_hpo.core.window import Period

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
requests = st.builds(
    TrialRequest,
    study=st.text(min_size=1, max_size=20),
    key=st.just("002/3"),
    number=st.none() | st.integers(0, 10**6),
    params=st.dictionaries(st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_.\-]{0,20}\Z"), values, max_size=10),
    seed=st.integers(0, 2**31 - 1),
)


def rendered(template: str, params: dict[str, Any]) -> str:
    request = TrialRequest(study="s@run", key="001/0", number=7, params=params, seed=42)
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    return environment.from_string(template).render(trial=TrialView(request))


@given(requests)
def test_a_request_survives_xcom(request: TrialRequest) -> None:
    again = TrialRequest.from_dict(json.loads(json.dumps(request.to_dict())))

    assert again == request
    assert repr(again.params) == repr(request.params)
    assert again.fingerprint == request.fingerprint


def test_a_result_survives_xcom() -> None:
    result = TrialResult(
        study="s", number=3, state="complete", value=0.5, metrics={"t": 1}, params={"a": None}, attempt=2
    )

    again = TrialResult.from_dict(json.loads(json.dumps(result.to_dict())))

    assert again == result
    assert again.state is TrialState.COMPLETE


@given(requests)
def test_a_label_is_never_too_long_for_airflow(request: TrialRequest) -> None:
    assert 0 < len(request.label) <= LABEL_LENGTH


def test_a_label_shows_number_and_parameters_briefly() -> None:
    request = TrialRequest(study="s", key="001/0", number=7, params={"lr": 0.000123456, "n": 3, "on": True, "d": None})

    assert request.label == "#7 lr=0.0001235 n=3 on=True d=None"


def test_a_label_that_is_cut_says_so() -> None:
    request = TrialRequest(study="s", key="001/0", number=7, params={"text": "x" * 500})

    assert (len(request.label), request.label[-1]) == (LABEL_LENGTH, "…")


@pytest.mark.parametrize(
    ("state", "value", "best", "end"),
    [
        ("complete", 0.25, False, " → 0.25"),
        ("complete", 0.123456, True, " → 0.1235 ★"),
        ("pruned", 0.3, False, " → pruned"),
        ("fail", None, False, " → failed"),
    ],
)
@pytest.mark.parametrize("text", ["a", "x" * 500])
def test_the_label_of_a_trial_that_has_ended_shows_its_value_however_long_it_is(
    state: str, value: float | None, best: bool, end: str, text: str
) -> None:
    request = TrialRequest(study="s", key="001/0", number=7, params={"text": text})
    label = request.ended_label(TrialState(state), value, best=best)
    assert label.startswith("#7 text=")
    assert label.endswith(end)
    assert len(label) <= LABEL_LENGTH


def test_a_trial_that_runs_is_given_its_slot() -> None:
    request = TrialRequest(study="s", key="001/0", number=7, slot=2)
    assert request.environment()["HPO_SLOT"] == "2"
    assert TrialView(request).slot == 2


def test_a_template_of_a_trial_that_only_answers_can_be_rendered() -> None:
    assert TrialView(TrialRequest(study="s", key="001/0", number=7)).slot == 0


def test_a_trial_nobody_has_asked_for_is_labelled_by_its_key() -> None:
    assert TrialRequest(study="s", key="002/3").label == "002/3"


def test_the_environment_names_and_writes_parameters_for_programs() -> None:
    params = {"a.b-c": 0.1, "Flag": True, "off": False, "none": None, "n": 3, "s": "é x", "small": 1e-07, "whole": 2.0}
    request = TrialRequest(study="s@run", key="001/0", number=7, params=params, seed=42)

    assert request.environment() == {
        "HPO_STUDY": "s@run",
        "HPO_TRIAL": "7",
        "HPO_SEED": "42",
        "HPO_PARAMS": json.dumps(params),
        "HPO_PARAM_A_B_C": "0.1",
        "HPO_PARAM_FLAG": "true",
        "HPO_PARAM_OFF": "false",
        "HPO_PARAM_NONE": "",
        "HPO_PARAM_N": "3",
        "HPO_PARAM_S": "é x",
        "HPO_PARAM_SMALL": "1e-07",
        "HPO_PARAM_WHOLE": "2.0",
    }


@given(requests)
def test_the_environment_gives_programs_the_exact_parameters(request: TrialRequest) -> None:
    assert json.loads(request.environment()["HPO_PARAMS"]) == request.params


def test_a_template_reads_number_seed_study_and_parameters() -> None:
    template = "{{ trial.study }} {{ trial.number }} {{ trial.seed }} {{ trial.params.lr }} {{ trial.params['a.b'] }}"

    assert rendered(template, {"lr": 0.1, "a.b": 3}) == "s@run 7 42 0.1 3"


@pytest.mark.parametrize(
    "name", ["items", "keys", "values", "get", "params", "update", "pop", "copy", "self", "number"]
)
def test_a_parameter_may_be_called_like_a_method(name: str) -> None:
    assert rendered(f"{{{{ trial.params.{name} }}}} {{{{ trial.params['{name}'] }}}}", {name: 5}) == "5 5"


@pytest.mark.parametrize("access", ["trial.params.missing", "trial.params['missing']", "trial.missing"])
def test_a_parameter_that_the_trial_lacks_is_undefined(access: str) -> None:
    with pytest.raises(UndefinedError):
        rendered(f"{{{{ {access} }}}}", {"lr": 0.1})
    assert rendered(f"{{{{ {access} is defined }}}}", {"lr": 0.1}) == "False"
    assert rendered(f"{{{{ {access} | default('none') }}}}", {"lr": 0.1}) == "none"


def test_templates_may_loop_over_parameters_and_print_them_all() -> None:
    params = {"lr": 0.1, "n": None}

    assert (
        rendered("{% for n in trial.params %}--{{ n }}={{ trial.params[n] }} {% endfor %}", params)
        == "--lr=0.1 --n=None "
    )
    assert json.loads(rendered("{{ trial.params }}", params)) == params
    assert len(ParamsView(params)) == 2


@pytest.mark.parametrize(
    ("state", "finished", "successful"),
    [
        ("waiting", False, False),
        ("running", False, False),
        ("complete", True, True),
        ("pruned", True, True),
        ("fail", True, False),
    ],
)
def test_a_state_knows_whether_it_is_final_and_good(state: str, finished: bool, successful: bool) -> None:
    assert (TrialState(state).finished, TrialState(state).successful) == (finished, successful)


EVALUATION = TrialRequest(
    study="s/validate@run.12345678",
    key="001/0",
    number=7,
    params={"x": 1},
    period=Period(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 2, 1, tzinfo=UTC)),
    candidate="trial 3",
    scenario=Scenario("rain", {"day": 2, "wet-road": True, "items": "x"}),
    variant="fallback",
    replicate=2,
)


def test_a_scenario_s_value_has_the_same_form_in_ascii_as_a_parameter() -> None:
    request = TrialRequest(
        study="s@r",
        key="1/0",
        number=0,
        params={"天気": 1},
        scenario=Scenario("rain", {"天気": "雨", "wet-road": True}),
    )
    told = request.environment()
    form = next(name for name in told if name.startswith("HPO_PARAM_")).removeprefix("HPO_PARAM_")
    assert form.isascii()
    assert told[f"HPO_SCENARIO_{form}"] == "雨"
    assert told["HPO_SCENARIO_WET_ROAD"] == "true"


def test_the_environment_says_what_is_evaluated() -> None:
    plain = TrialRequest(study=EVALUATION.study, key="001/0", number=7, params={"x": 1})

    assert dict(EVALUATION.environment().items() - plain.environment().items()) == {
        "HPO_PERIOD_START": "2026-01-01T00:00:00+00:00",
        "HPO_PERIOD_END": "2026-02-01T00:00:00+00:00",
        "HPO_CANDIDATE": "trial 3",
        "HPO_SCENARIO": "rain",
        "HPO_SCENARIO_DAY": "2",
        "HPO_SCENARIO_WET_ROAD": "true",
        "HPO_SCENARIO_ITEMS": "x",
        "HPO_VARIANT": "fallback",
        "HPO_REPLICATE": "2",
    }


def test_templates_find_what_is_evaluated() -> None:
    template = (
        "{{ trial.candidate }} {{ trial.scenario.name }} {{ trial.scenario.values.day }} {{ trial.scenario.values.items }}"
        " {{ trial.variant }} {{ trial.replicate }} {{ trial.period.start }} {{ trial.period.end.year }}"
    )

    text = SandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(trial=TrialView(EVALUATION))

    assert text == "trial 3 rain 2 x fallback 2 2026-01-01 00:00:00+00:00 2026"


def test_one_template_serves_tuning_too() -> None:
    template = "{{ trial.candidate }}{{ trial.scenario }}{{ trial.scenario.name }}{{ trial.scenario.values.day }}"

    tuning = TrialView(TrialRequest(study="s@run", key="001/0"))

    assert SandboxedEnvironment().from_string(template + "{{ trial.variant }}").render(trial=tuning) == ""
    assert SandboxedEnvironment().from_string("{{ trial.replicate }}").render(trial=tuning) == ""


def test_an_evaluation_survives_xcom() -> None:
    assert TrialRequest.from_dict(json.loads(json.dumps(EVALUATION.to_dict()))) == EVALUATION


def test_an_evaluation_is_labelled_by_what_it_evaluates() -> None:
    assert EVALUATION.label == "#7 trial 3 · rain · fallback · replicate 2"


@pytest.mark.parametrize(
    "changed",
    [
        {"candidate": "champion"},
        {"scenario": Scenario("rain", {"day": 3})},
        {"variant": "model"},
        {"replicate": 3},
        {"period": None},
        {"params": {"x": 2}},
    ],
)
def test_a_fingerprint_covers_all_that_the_program_is_told(changed: dict[str, Any]) -> None:
    assert EVALUATION.model_copy(update=changed).fingerprint != EVALUATION.fingerprint


def test_while_tuning_a_fingerprint_is_that_of_the_parameters() -> None:
    request = TrialRequest(study="s", key="001/0", params={"x": 1})

    assert request.fingerprint == fingerprint({"x": 1})
