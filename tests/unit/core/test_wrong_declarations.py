from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from airflow_hpo.core.algorithms import LIBRARIES, Pruner, Sampler
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.exceptions import DeclarationError

NAN, INF = float("nan"), float("inf")
GATED = {"m": Categorical(["a", "b"]), "x": Int(0, 1, when={"m": "a"}), "y": Int(0, 1, when={"x": 1})}
FLOAT = {"type": "float", "low": 0, "high": 1}

PARTS: list[tuple[Callable[[], Any], list[str]]] = [
    (lambda: Float(1, 0), ["low=1.0", "high=0.0", "Swap"]),
    (lambda: Float(NAN, 1), ["`low`", "nan"]),
    (lambda: Float(0, INF), ["`high`", "inf"]),
    (lambda: Float("0", 1), ["`low`", "'0'"]),  # type: ignore[arg-type]
    (lambda: Float(False, 1), ["`low`", "False"]),
    (lambda: Float(0), ["Float", "'high'", "not given"]),
    (lambda: Float(-1.7e308, 1.7e308), ["-1.7e+308", "1.7e+308"]),
    (lambda: Float(0, 1, log=True), ["`low > 0`", "low=0.0"]),
    (lambda: Float(1, 2, log="yes"), ["`log`", "'yes'", "True or False"]),
    (lambda: Float(0, 1, step=0), ["step=0.0", "Write step=0.1."]),
    (lambda: Float(0, 1, step=-0.5), ["step=-0.5", "Write step=0.5."]),
    (lambda: Float(0, 1, step=2), ["step=2.0", "Write step=0.1."]),
    (lambda: Float(0, 1, step=NAN), ["`step`", "nan"]),
    (lambda: Float(0, 1, steps=0.1), ["Float", "steps=0.1", "Did you mean 'step'?"]),
    (lambda: Float(0, 1, when=3), ["`when`", "mapping", "3"]),
    (lambda: Float(0, 1, when={"m": [{}]}), ["`when['m'][0]`", "{}"]),
    (lambda: Int(0, 1.5), ["`high`", "whole number", "1.5"]),  # type: ignore[arg-type]
    (lambda: Int("0", 1), ["`low`", "whole number", "'0'"]),  # type: ignore[arg-type]
    (lambda: Int(True, 3), ["`low`", "whole number", "True"]),
    (lambda: Int(0, 2**53 + 1), ["2**53", str(2**53 + 1)]),
    (lambda: Int(1, 1, step=2**53 + 1), ["2**53", f"step={2**53 + 1}"]),
    (lambda: Int(0, 8, log=True), ["`low > 0`", "low=0"]),
    (lambda: Int(0, 5, step=0), ["step=0"]),
    (lambda: Int(0, 5, step=0.5), ["`step`", "whole number", "0.5"]),
    (lambda: Categorical([]), ["at least one choice", "none"]),
    (lambda: Categorical([1, "1", True]), ["[1, '1', True]", "Write Categorical([1, '1'])."]),
    (lambda: Categorical([1, 2**63]), ["`choices[1]`", "64 bits", str(2**63)]),
    (lambda: Categorical({"b", "a"}), ["a set has not", "Write a list: ['a', 'b']."]),
    (lambda: Categorical(frozenset([2, 1])), ["frozenset", "Write a list: [1, 2]."]),
    (lambda: Categorical("abc"), ["`choices`", "list", "'abc'"]),
    (lambda: Categorical([0.1, NAN]), ["`choices[1]`", "nan"]),
    (lambda: Categorical([[64, 64]]), ["`choices[0]`", "[64, 64]"]),  # type: ignore[list-item]
    (lambda: Categorical(), ["Categorical", "'choices'", "not given"]),
    (lambda: Objective("a=b"), ["metric's name", "'a=b'"]),
    (lambda: Objective("a\n"), ["metric's name", r"'a\n'"]),
    (lambda: Objective(), ["Objective", "'metric'", "not given"]),
    (lambda: Objective("a", "max"), ["`direction`", "'minimize' or 'maximize'", "'max'"]),
    (lambda: Objective("a", strategy="median"), ["`strategy`", "'last', 'best' or 'mean'", "'median'"]),
    (lambda: Objective("a", window=3), ["`window`", "strategy='last'", "window=3"]),
    (lambda: Objective("a", strategy="mean"), ["`window`", "strategy='mean'", "window=None"]),
    (lambda: Objective("a", strategy="mean", window=0), ["`window`", "at least 1", "0"]),
    (lambda: Objective("a", goal=NAN), ["`goal`", "nan"]),
    (lambda: Objective("a", goal="0.9"), ["`goal`", "'0.9'"]),
    (lambda: Objective("a", extra_metrics=["a"]), ["once", "['a', 'a']"]),
    (lambda: Objective("a", extra_metrics=["b=c"]), ["metric's name", "'b=c'"]),
    (lambda: Objective("a", extra_metrics="time"), ["`extra_metrics`", "list", "'time'"]),
    (lambda: Sampler("tpee"), ["sampler", "'tpee'", "Did you mean 'tpe'?"]),
    (lambda: Sampler(), ["Sampler", "'name'", "not given"]),
    (lambda: Sampler("tpe", n_startup=3), ["Sampler 'tpe'", "n_startup=3", "Did you mean 'n_startup_trials'?"]),
    (lambda: Sampler("tpe", n_startup_trials=0), ["Sampler 'tpe'", "`n_startup_trials`", "at least 1", "0"]),
    (lambda: Sampler("tpe", n_startup_trials="5"), ["Sampler 'tpe'", "`n_startup_trials`", "'5'"]),
    (lambda: Sampler("tpe", multivariate=1), ["Sampler 'tpe'", "`multivariate`", "True or False", "1"]),
    (lambda: Sampler("tpe", options=3), ["`options`", "mapping", "3"]),
    (lambda: Sampler("random", seed=3), ["Sampler 'random'", "seed=3", "Study(..., seed=1)"]),
    (lambda: Pruner("medain"), ["pruner", "'medain'", "Did you mean 'median'?"]),
    (lambda: Pruner("hyperband"), ["Pruner 'hyperband'", "'max_resource'", "not given"]),
    (lambda: Pruner("percentile", percentile=101), ["Pruner 'percentile'", "`percentile`", "at most 100", "101"]),
    (lambda: Pruner("threshold"), ["pruner 'threshold'", "`lower`, `upper`", "neither"]),
    (lambda: WarmStart(mode="all"), ["`mode`", "'points' or 'values'", "'all'"]),
    (lambda: WarmStart(editions=0), ["a whole number from 1, or 'all'", "got 0", "Write editions='all'."]),
    (lambda: WarmStart(editions="every"), ["a whole number from 1, or 'all'", "'every'", "Write editions='all'."]),  # type: ignore[arg-type]
    (lambda: WarmStart(results="old.csv"), ["an absolute path", "'old.csv'", "Write results=str(Path(__file__)"]),
    (lambda: WarmStart(results="/data/old.db"), ["in a CSV file", "'/data/old.db'", "Write results="]),
    (lambda: WarmStart(results=True), ["in a CSV file", "got True", "Write results="]),  # type: ignore[arg-type]
    (lambda: WarmStart(trials=0), ["`trials`", "at least 1", "0"]),
    (lambda: WarmStart(studies="dispatch/*"), ["`studies` must be a list", "Write studies=['dispatch/*']."]),
    (lambda: WarmStart(mode="values", studies=["a"]), ["mode='values' with studies=['a']", "Write mode='points'."]),
]

STUDIES: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": ...}, ["Study", "'name'", "not given"]),
    ({"name": "a b"}, ["study's name", "'a b'"]),
    ({"space": {"é": Float(0, 1), "e\u0301": Float(0, 1)}}, ["differ", "'é' twice"]),
    ({"name": "a\n"}, ["study's name", r"'a\n'"]),
    ({"name": 3}, ["`name`", "text", "3"]),
    ({"space": ...}, ["Study", "'space'", "not given"]),
    ({"space": {}}, ["`space`", "{}"]),
    ({"space": [1]}, ["`space`", "mapping", "[1]"]),
    ({"space": {"x": 3}}, ["Parameter 'x'", "3"]),
    ({"space": {"x": {"low": 0, "high": 1}}}, ["Parameter 'x'", "`type`", "{'low': 0, 'high': 1}"]),
    (
        {"space": {"x": {**FLOAT, "type": "flaot"}}},
        ["Parameter 'x'", "'float', 'int', 'categorical', 'normal' or 'lognormal'", "'flaot'"],
    ),
    ({"space": {"x": {**FLOAT, "high": "1"}}}, ["Parameter 'x'", "`high`", "'1'"]),
    ({"space": {"x": {**FLOAT, "log": True}}}, ["Parameter 'x'", "`low > 0`", "low=0.0"]),
    ({"space": {"x": {**FLOAT, "lo": 1}}}, ["Parameter 'x'", "lo=1", "Did you mean 'low'?"]),
    ({"space": {"x": {"type": "float", "low": 0}}}, ["Parameter 'x'", "'high'", "not given"]),
    ({"space": {"a b": Float(0, 1)}}, ["parameter's name", "'a b'"]),
    ({"space": {"__class__": Float(0, 1)}}, ["parameter's name", "'__class__'"]),
    ({"space": {1: Float(0, 1)}}, ["parameter's name", "1"]),
    ({"space": {"a.b": Int(0, 1), "A_b": Int(0, 1)}}, ["'a.b'", "'A_b'", "HPO_PARAM_A_B"]),
    ({"space": {"a": Int(0, 1, when={"b": 1}), "b": Int(0, 1, when={"a": 1})}}, ["circle", "['a', 'b']"]),
    ({"space": {"a": Int(0, 1, when={"a": 1})}}, ["another parameter", "'a'"]),
    ({"space": {"alpha": Int(0, 1), "b": Int(0, 1, when={"alpah": 1})}}, ["'b'", "'alpah'", "mean 'alpha'?"]),
    ({"space": {"a": Int(0, 1), "b": Int(0, 1, when={"a": [1, 3]})}}, ["'a'", "'b'", "[3]", "Int(low=0, high=1)"]),
    ({"space": {"a": Int(0, 1), "b": Int(0, 1, when={"a": []})}}, ["'a'", "'b'", "[]"]),
    ({"objective": ...}, ["Study", "'objective'", "not given"]),
    ({"objective": {"metric": "a", "directon": "maximize"}}, ["directon='maximize'", "Did you mean 'direction'?"]),
    ({"objective": 3}, ["`objective`", "Objective", "3"]),
    ({"max_trials": ...}, ["`max_trials`", "not given"]),
    ({"max_trials": 0}, ["`max_trials`", "at least 1", "0"]),
    ({"max_trials": -5}, ["`max_trials`", "at least 1", "-5"]),
    ({"max_trials": "10"}, ["`max_trials`", "whole number", "'10'"]),
    ({"max_trials": True}, ["`max_trials`", "whole number", "True"]),
    ({"max_trails": 10}, ["max_trails=10", "Did you mean 'max_trials'?"]),
    ({"count": "all"}, ["`count`", "'successful' or 'finished'", "'all'"]),
    ({"parallelism": 0}, ["`parallelism`", "at least 1", "0"]),
    ({"batch_size": 0}, ["`batch_size`", "at least 1", "0"]),
    ({"batch_size": 5, "parallelism": 3}, ["batch_size=5", "parallelism=3"]),
    ({"max_pending": 0}, ["`max_pending`", "at least 1", "0"]),
    ({"max_pending": 1.5}, ["`max_pending`", "whole number", "1.5"]),
    ({"batch_size": 3, "max_pending": 2}, ["batch_size=3", "max_pending=2", "Write batch_size=2."]),
    ({"max_failures": -1}, ["`max_failures`", "at least 0", "-1"]),
    ({"patience": 0}, ["`patience`", "at least 1", "0"]),
    ({"seed": -1}, ["`seed`", "at least 0", "-1"]),
    ({"timeout": 0}, ["`timeout`", "0:00:00"]),
    ({"timeout": timedelta(days=-1)}, ["`timeout`", "-1 day"]),
    ({"timeout": "soon"}, ["`timeout`", "'PT2H'", "'soon'"]),
    ({"timeout": "3600"}, ["`timeout`", "'PT2H'", "'3600'"]),
    ({"timeout": NAN}, ["`timeout`", "nan"]),
    ({"timeout": INF}, ["`timeout`", "inf"]),
    ({"timeout": 10**15}, ["`timeout`", str(10**15)]),
    ({"timeout": True}, ["`timeout`", "True"]),
    ({"sampler": "grid"}, ["'x'", "float without a step"]),
    ({"sampler": 3}, ["`sampler`", "Sampler", "3"]),
    ({"pruner": ["median"]}, ["`pruner`", "Pruner", "['median']"]),
    ({"warm_start": True}, ["`warm_start`", "WarmStart", "True"]),
    ({"start_points": {"x": 1}}, ["`start_points`", "list", "{'x': 1}"]),
    ({"start_points": [{"x": 2}]}, ["'x'=2", "Float(low=0.0, high=1.0)"]),
    ({"start_points": [{"x": [1]}]}, ["`start_points[0]['x']`", "[1]"]),
    ({"start_points": [{"x": -(2**64)}]}, ["`start_points[0]['x']`", "64 bits"]),
    ({"start_points": [{"xs": 1}]}, ["'xs'=1", "Did you mean 'x'?"]),
    ({"space": GATED, "start_points": [{"m": "b", "x": 1}]}, ["'x'=1", "{'m': ['a']}"]),
    ({"space": GATED, "start_points": [{"m": "b", "y": 1}]}, ["'y'=1", "{'x': [1]}"]),
]

YAML = [
    ("a: [1", ["YAML", "line 1"]),
    ("name: s\n\tspace: {}", ["YAML", "line 2"]),
    ("a: \x00", ["YAML"]),
    ("hello", ["mapping", "'hello'"]),
    ("- 1", ["mapping", "[1]"]),
    ("", ["mapping", "None"]),
    ("1: 2", ["mapping", "{1: 2}"]),
    ("on: 2", ["mapping", "{True: 2}"]),
]


def message_of(declare: Callable[[], Any]) -> str:
    with pytest.raises(DeclarationError) as caught:
        declare()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def reads_well(message: str) -> bool:
    """One sentence that says what was got or not given, then a remedy; nothing of pydantic's own words."""
    foreign = re.search(
        r"Options|[Ii]nput should|Value error|unable to|\[key\]|tagged|\.(float|int|str|bool)\b", message
    )
    shape = re.fullmatch(r"[A-Z`][^\n]*, (but got|which was|but its|but ')[^\n]*\. [A-Z][^\n]{4,90}[.?]", message)
    return foreign is None and shape is not None and len(message) < 400


@pytest.mark.parametrize(("declare", "words"), PARTS, ids=[" ".join(words) for _, words in PARTS])
def test_a_wrong_part_is_refused_with_field_value_and_remedy(declare: Callable[[], Any], words: list[str]) -> None:
    message = message_of(declare)

    assert [word for word in words if word not in message] == [], message
    assert reads_well(message), message


@pytest.mark.parametrize(("changes", "words"), STUDIES, ids=[" ".join(words) for _, words in STUDIES])
def test_a_wrong_study_is_refused_with_field_value_and_remedy(
    make_study: Callable[..., Study], changes: dict[str, Any], words: list[str]
) -> None:
    message = message_of(lambda: make_study(**changes))

    assert [word for word in words if word not in message] == [], message
    assert reads_well(message), message


@pytest.mark.parametrize(("document", "words"), YAML, ids=[repr(document) for document, _ in YAML])
def test_a_wrong_document_is_refused_with_the_place_and_remedy(document: str, words: list[str]) -> None:
    message = message_of(lambda: Study.from_yaml(document))

    assert [word for word in words if word not in message] == [], message
    assert reads_well(message), message


def test_an_algorithm_without_its_library_names_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIBRARIES, "cmaes", ("no_such_library", "cmaes"))

    message = message_of(lambda: Sampler("cmaes"))

    assert "'no_such_library'" in message
    assert "airflow-provider-hpo[cmaes]" in message


def test_a_long_value_is_quoted_in_part() -> None:
    message = message_of(lambda: Float("9" * 5000, 1))  # type: ignore[arg-type]

    assert len(message) < 250


def test_an_undeclared_field_of_plain_data_is_refused_as_in_python() -> None:
    in_python = message_of(lambda: Int(0, 1, lgo=True))
    in_data = message_of(lambda: Int.from_dict({"low": 0, "high": 1, "lgo": True}))

    assert in_data == in_python
