from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from optuna.samplers import BruteForceSampler, PartialFixedSampler, RandomSampler

from airflow_hpo.core.advice import advice
from airflow_hpo.core.algorithms import Pruner, Sampler
from airflow_hpo.core.form import fields, formed
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError

DIGEST = f"sha256:{'0' * 64}"


class Own(RandomSampler):
    pass


def declared(sampler: Any) -> Study:
    return Study(name="demo", space={"x": Float(0, 1)}, objective="loss", max_trials=20, sampler=sampler)


@pytest.mark.parametrize(
    "sampler",
    [
        Sampler("optuna.samplers:BruteForceSampler"),
        Sampler("mine:Outer.Inner", steps=[1, 2.5, None], names={"a": True}),
        Sampler("/opt/hub/annealing:Annealing", digest=DIGEST, temperature=3.0),
    ],
)
def test_a_class_survives_being_written_down(sampler: Sampler) -> None:
    study = declared(sampler)

    assert Study.from_yaml(study.to_yaml()) == study
    assert study.sampler.to_dict()["name"] == sampler.name


def test_a_class_may_stand_as_text_alone() -> None:
    assert declared("mine:Own").sampler == Sampler("mine:Own")


def test_the_digest_of_a_folder_is_no_option() -> None:
    sampler = Sampler("/opt/hub/annealing:Annealing", digest=DIGEST, temperature=3.0)

    assert sampler.to_dict() == {
        "name": "/opt/hub/annealing:Annealing",
        "digest": DIGEST,
        "options": {"temperature": 3.0},
    }


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: Sampler("mine.Own"), ["'package.module:Class'", "'mine.Own'", "Write 'mine:Own'."]),
        (lambda: Sampler("mine:Own()"), ["'mine:Own()'", "Write 'mine.samplers:Annealing'."]),
        (lambda: Sampler("/opt/hub/annealing"), ["'/folder:Class'", "'/opt/hub/annealing'"]),
        (lambda: Sampler("mine:Own", seed=3), ["seed=3", "Write Study(..., seed=3)."]),
        (lambda: Sampler("mine:Own", base=object()), ["as JSON has it", "base=<object", "class Mine(Own)"]),
        (lambda: Sampler("mine:Own", sigma=float("nan")), ["as JSON has it", "sigma=nan"]),
        (lambda: Sampler("/opt/hub/a:A"), ["digest=None", "airflow_hpo.optuna.sampler_folder /opt/hub/a"]),
        (lambda: Sampler("/opt/hub/a:A", digest="0" * 64), ["digest='000", "sha256:"]),
        (lambda: Sampler("mine:Own", digest=DIGEST), ["A digest belongs to a folder", "Leave it out"]),
        (lambda: Sampler("tpe", digest=DIGEST), ["A digest belongs to a sampler in a folder", "'tpe'"]),
        (lambda: Sampler(Own), ["declared by its name", f"Write Sampler('{__name__}:Own')."]),
        (lambda: declared(Own()), ["Own object", f"Write sampler=Sampler('{__name__}:Own')"]),
        (lambda: declared(Own), ["Own", f"Write sampler=Sampler('{__name__}:Own')"]),
        (lambda: declared(BruteForceSampler()), ["Optuna's BruteForceSampler", "Write sampler=Sampler('grid')"]),
        (
            lambda: declared(PartialFixedSampler({}, RandomSampler())),
            ["Optuna's PartialFixedSampler", "Write sampler=Sampler('optuna.samplers:PartialFixedSampler')"],
        ),
        (lambda: Pruner("mine:Own"), ["The pruner must be one of"]),
    ],
)
def test_what_no_class_can_be_is_refused_while_the_dag_is_parsed(declare: Callable[[], Any], words: list[str]) -> None:
    with pytest.raises(DeclarationError) as err:
        declare()

    assert [word for word in words if word not in str(err.value)] == []


def test_a_class_that_is_not_there_is_no_error_while_the_dag_is_parsed() -> None:
    assert advice(declared(Sampler("no_such_module:Sampler"))) == []


def test_the_form_of_a_run_offers_the_class_of_the_file() -> None:
    study = declared(Sampler("mine:Own", steps=3))
    layout = Layout.of(study, 10, continuous=False)

    assert fields(study, layout, ranges=False)["sampler"].schema["enum"][-1] == "mine:Own"
    assert formed(study, layout, {"sampler": "mine:Own"}, ranges=False).sampler == study.sampler
