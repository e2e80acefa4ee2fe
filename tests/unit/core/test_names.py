"""Names in people's own letters, and the forms of those in ASCII, which stay what they were."""

import unicodedata

import pytest

from airflow_hpo.core.environment import parameter_variables
from airflow_hpo.core.metrics.parser import Parser
from airflow_hpo.core.metrics.point import MetricPoint
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.names import ascii_form
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.parameter_set import check_name
from airflow_hpo.core.space.space import Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError

GAS = "ガス"
DECOMPOSED = unicodedata.normalize("NFD", GAS)


def read(line: str, *names: str, **source: object) -> list[tuple[str, float]]:
    found = Parser(Stdout(**source), names).parse(line)
    return [(each.name, each.value) for each in found if isinstance(each, MetricPoint)]


@pytest.mark.parametrize("name", ["営業収益", "정확도", "हानि", "กำไร", "точность", "précision/été", "loss２"])
def test_a_metric_has_a_name_in_any_letters(name: str) -> None:
    assert (Objective(name, direction="minimize").metric, read(f"{name}=1.5", name)) == (name, [(name, 1.5)])


@pytest.mark.parametrize("name", ["収益×2", "💰", "収益　率", "営業、収益", "\u0301a", "収益\u200b", "１位"])
def test_what_is_no_letter_is_none_in_other_alphabets_either(name: str) -> None:
    with pytest.raises(DeclarationError, match="A metric's name starts with a letter"):
        Objective(name)


def test_a_name_is_one_however_its_letters_were_typed() -> None:
    study = Study(
        name=DECOMPOSED,
        objective=Objective(DECOMPOSED, extra_metrics=["x"]),
        space={DECOMPOSED: Int(1, 3), "y": Float(0.0, 1.0, when={DECOMPOSED: 2})},
        max_trials=4,
        start_points=[{DECOMPOSED: 2}],
        space_defaults={DECOMPOSED: 2},
    )
    assert (study.name, study.objective.metric, list(study.space)) == (GAS, GAS, [GAS, "y"])
    assert (study.start_points, study.space_defaults, study.space["y"].when) == ([{GAS: 2}], {GAS: 2}, {GAS: [2]})
    assert Study.from_yaml(study.to_yaml()) == study
    assert read(f"{DECOMPOSED}=2", GAS) == [(GAS, 2.0)]


def test_a_condition_with_a_name_that_is_no_text_is_refused_with_a_sentence() -> None:
    with pytest.raises(DeclarationError, match="must be text"):
        Float(0.0, 1.0, when={1: 2})


def test_letters_that_only_look_alike_are_different_names() -> None:
    names = ["か", "が", "ガス", "ｶﾞｽ", "loss", "ｌｏｓｓ"]
    assert len({ascii_form(check_name(name)) for name in names}) == len(names)
    assert read("が=1 か=2 ｌｏｓｓ=3", *names) == [("が", 1.0), ("か", 2.0), ("ｌｏｓｓ", 3.0)]


def test_names_in_ascii_have_the_variables_that_they_had() -> None:
    assert parameter_variables({"lr": 1, "data.max-depth": True, "_x9": None}) == {
        "HPO_PARAMS": '{"lr": 1, "data.max-depth": true, "_x9": null}',
        "HPO_PARAM_LR": "1",
        "HPO_PARAM_DATA_MAX_DEPTH": "true",
        "HPO_PARAM__X9": "",
    }
    assert [ascii_form(name) for name in ("a/b", "A.b-c_", "9")] == ["a/b", "A.b-c_", "9"]


def test_a_name_in_other_letters_has_always_the_same_variable() -> None:
    assert list(parameter_variables({"割引率": 0.9, "割引率_2": 1})) == [
        "HPO_PARAMS",
        "HPO_PARAM_X_39D12AC20B",
        "HPO_PARAM_2_1AE16762DF",
    ]


def test_a_study_may_begin_with_a_digit_of_any_alphabet() -> None:
    assert check_name("２０２６/東京") == "２０２６/東京"


def test_two_parameters_never_have_one_variable() -> None:
    with pytest.raises(DeclarationError, match="both HPO_PARAM_X_39D12AC20B"):
        Study(name="s", objective="o", space={"割引率": Int(1, 2), "x_39d12ac20b": Int(1, 2)}, max_trials=2)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("営業収益=123.4", 123.4),
        ("営業収益＝１２３．４", 123.4),
        ("営業収益 ＝ －１，２３４．５　他＝２", -1234.5),
        ("営業収益＝１．５ｅ－３、他＝２", 0.0015),
        ("第３期　営業収益＝＋７", 7.0),
    ],
)
def test_the_default_filter_reads_digits_and_signs_in_full_width(line: str, value: float) -> None:
    assert read(line, "営業収益") == [("営業収益", value)]


@pytest.mark.parametrize("line", ["純営業収益=3", "営業収益/純=3", "営業収益=12円", "営業収益＝５０％", "営業収益：良"])
def test_neither_longer_names_nor_other_units_are_read(line: str) -> None:
    assert read(line, "営業収益") == []


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("json", '{"営業収益": 1.5}'),
        ("yaml", "営業収益: 1.5"),
        ("tqdm", "100%|█| 3/3 [00:00<00:00, 1it/s, 営業収益=1.5]"),
        ("huggingface", "{'営業収益': 1.5}"),
        ("keras", "3/3 - 1s - 営業収益: 1.5 - loss: 2"),
        ("xgboost", "[3]\ttrain-営業収益:1.5"),
        ("catboost", "3:\t営業収益: 1.5"),
        ("lightgbm", "[3]\tvalid_0's 営業収益: 1.5"),
        ("lightning", "│ 営業収益 │ 1.5 │"),
    ],
)
def test_formats_of_frameworks_have_names_in_any_letters(form: str, line: str) -> None:
    assert read(line, "営業収益", format=form) == [("営業収益", 1.5)]


def test_a_filter_of_ones_own_gets_the_line_as_it_is_with_its_digits() -> None:
    assert read("営業収益＝１２３．４", "営業収益", filter=r"(?P<name>\w+)＝(?P<value>\S+)") == [("営業収益", 123.4)]
