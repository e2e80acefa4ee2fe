"""Which rows of a file are results of a study, and what is said of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.results_file import ResultsFile, results_of
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.exceptions import DeclarationError

SPACE = {
    "x": Float(0, 1),
    "n": Int(1, 9),
    "kind": Categorical(["a", "b"]),
    "depth": Int(1, 5, when={"kind": "b"}),
}
GOOD = "0.5,7,a,,1.5"


def declared(**options: Any) -> Study:
    objective = {"metric": "loss", "extra_metrics": ["time_s"]}
    return Study(**{"name": "s", "space": SPACE, "objective": objective, "max_trials": 9, **options})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "old.csv"


def read(path: Path, *rows: str, header: str = "x,n,kind,depth,loss", study: Study | None = None) -> ResultsFile:
    path.write_text("\n".join([header, *rows]) + "\n")
    return results_of(str(path), study or declared())


def test_a_row_is_a_result_with_the_values_as_the_space_writes_them(path: Path) -> None:
    (trial,) = read(path, "1,7.0,b,2.0,1.5").trials
    assert (trial.number, trial.params, trial.value) == (2, {"x": 1.0, "n": 7, "kind": "b", "depth": 2}, 1.5)
    assert [type(value) for value in trial.params.values()] == [float, int, str, int]


@pytest.mark.parametrize(
    ("row", "kind", "detail"),
    [
        ("1.5,7,a,,1", "a value outside the space", "x=1.5"),
        ("0.5,7.5,a,,1", "a value outside the space", "n=7.5"),
        ("0.5,7,c,,1", "a value outside the space", "kind='c'"),
        ("nan,7,a,,1", "a value outside the space", "x=nan"),
        ("0.5,,a,,1", "a parameter without a value", "n"),
        ("0.5,7,b,,1", "a parameter without a value", "depth"),
        ("0.5,7,a,2,1", "a parameter with a condition that does not hold", "depth=2"),
        ("0.5,7,a,,", "a metric that is no finite number", "loss=''"),
        ("0.5,7,a,,nan", "a metric that is no finite number", "loss='nan'"),
        ("0.5,7,a,,inf", "a metric that is no finite number", "loss='inf'"),
        ("0.5,7,a,,good", "a metric that is no finite number", "loss='good'"),
        ("0.5,7,a", "another number of cells than the header has", "3 instead of 5"),
        ("0.50,7.0,a,,9", "a point that an earlier row has", "the same as row 2"),
    ],
)
def test_a_row_that_does_not_fit_is_left_out_and_named(path: Path, row: str, kind: str, detail: str) -> None:
    found = read(path, GOOD, row)
    assert [trial.number for trial in found.trials] == [2]
    (remark,) = found.remarks()
    assert remark.startswith(f"1 row is left out, because of {kind}: 3 (row 3: {detail}")


def test_rows_of_one_kind_are_counted_in_one_sentence(path: Path) -> None:
    found = read(path, GOOD, *(f"{n},7,a,,1" for n in range(2, 9)))
    (remark,) = found.remarks()
    assert remark.startswith(
        "7 rows are left out, because of a value outside the space: 3, 4, 5, 6, 7, ... (row 3: x=2,"
    )


def test_a_parameter_that_the_space_has_not_leaves_its_rows_out(path: Path) -> None:
    found = read(path, "0.5,7,a,1.5,", "0.6,7,a,1.5,4", header="x,n,kind,loss,old")
    assert [trial.params["x"] for trial in found.trials] == [0.5]
    assert [*found.remarks()] == [
        "1 row is left out, because of a parameter that the space has not: 3 (row 3: old='4')."
    ]


def test_a_point_that_breaks_a_constraint_is_left_out(path: Path) -> None:
    found = read(path, GOOD, "0.9,1,a,,1", study=declared(constraints=["x + n >= 2"]))
    assert [trial.number for trial in found.trials] == [2]
    assert "'x + n >= 2', with x=0.9, n=1" in str([*found.remarks()])


@pytest.mark.parametrize(("mode", "kept"), [("values", [2]), ("points", [2, 4])])
def test_a_metric_decides_where_a_constraint_is_on_it(path: Path, mode: Any, kept: list[int]) -> None:
    limit = MetricConstraint("time_s", at_most=10)
    study = declared(constraints=[limit], warm_start=WarmStart(mode=mode))
    found = read(path, "0.5,7,a,1,5", "0.6,7,a,1,11", "0.7,7,a,1,", header="x,n,kind,loss,time_s", study=study)
    assert [trial.number for trial in found.trials] == kept


def test_an_empty_cell_is_the_declared_default(path: Path) -> None:
    found = read(path, "0.5,,a,,1", study=declared(space_defaults={"n": 3}))
    assert found.trials[0].params["n"] == 3


def test_columns_beside_marked_parameters_are_not_read_and_it_is_said(path: Path) -> None:
    header = "number,value,duration,params_x,params_n,params_kind,user_attrs_time_s,state"
    found = read(path, "0,1.5,1s,0.5,7,a,3,COMPLETE", "1,1.4,1s,0.6,7,a,3,PRUNED", "2,,1s,0.7,7,a,,FAIL", header=header)
    assert [(trial.value, trial.metrics) for trial in found.trials] == [(1.5, {"time_s": 3.0})]
    assert [*found.remarks()] == [
        "2 rows are left out, because of a state other than complete: 3, 4 (row 3: 'pruned').",
        "Columns that are no parameter and no metric of the study are not read: number, duration.",
    ]


def test_a_trial_that_another_one_ran_again_is_left_out(path: Path) -> None:
    header = "number,state,loss,params.x,params.n,params.kind,replaced_by"
    found = read(path, "0,complete,9,0.5,7,a,1", "1,complete,1,0.5,7,a,", header=header)
    assert [trial.value for trial in found.trials] == [1.0]


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        ("x,n,kind,depth,loss", ["2,7,a,,1"], ["1 row is left out", "outside the space", "to_csv("]),
        ("x,n,kind,depth,loss", [], ["no row.", "Write frame[['x', 'n', 'kind', 'depth', 'loss']].to_csv("]),
        ("x,n,kind,depth", ["0.5,7,a,"], ["a column 'loss', or 'value'", "Write frame.rename(columns="]),
        ("x,x,loss", ["0.5,7,1"], ["got 'x' twice", "Write frame.drop(columns=['x'])."]),
        ("", [], ["a column 'loss', or 'value'"]),
        ('x,"n', [], ["a CSV file that its task can read", "Write frame["]),
    ],
)
def test_a_file_without_a_result_is_refused(path: Path, header: str, rows: list[str], said: list[str]) -> None:
    with pytest.raises(DeclarationError) as error:
        read(path, *rows, header=header)
    assert all(text in str(error.value) for text in said), error.value


def test_a_file_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"can read, but got .*old\.csv.* Write frame\["):
        results_of(str(path), declared())
