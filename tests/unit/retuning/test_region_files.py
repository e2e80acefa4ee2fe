from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.dag_processing.processor import _serialize_dags
from airflow.sdk import DAG
from jsonschema import Draft202012Validator

import airflow_hpo
from airflow_hpo.comparison.error_budget import ErrorBudget
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.window import Window
from airflow_hpo.core.yaml_document import load
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.notifications.hpo import HpoNotifier
from airflow_hpo.retuning.approval import Approval
from airflow_hpo.retuning.region_files import from_yaml
from airflow_hpo.retuning.region_schema import region_schema

WHOLE = """\
study:
  name: dispatch/tokyo
  objective: {metric: revenue, direction: maximize, extra_metrics: [unserved]}
  space:
    discount: {type: float, low: 0.85, high: 0.99}
  max_trials: 9
trial:
  process: {command: [simulate, "--discount={{ trial.params.discount }}"], retries: 3}
tuning: [-8w, -4w]
test: -4w
variants: [model, statistics]
rule:
  variant: model
  guardrails:
    unserved: {direction: minimize, margin: 0.02}
approval: {within: 2d, users: [ann]}
notify:
  events: [promoted, failed]
schedule: 0 0 1 1,7 *
start_date: 2026-01-01
params: {fleet: 900}
"""


def made(folder: Path, shared: str = "", **files: str) -> Path:
    """A DAG file whose regions are files beside it."""
    (folder / "regions").mkdir()
    for region, text in files.items():
        (folder / "regions" / f"{region}.yaml").write_text(text)
    dag_file = folder / "retune.py"
    dag_file.write_text(
        "from airflow.sdk import DAG\nfrom airflow_hpo import retuning_dags\n"
        f"dags = retuning_dags.from_yaml('regions/*.yaml'{shared})\n"
    )
    return dag_file


def built(folder: Path, text: str, region: str = "tokyo") -> dict[str, DAG]:
    """The DAG of one file."""
    (folder / f"{region}.yaml").write_text(text)
    return from_yaml(str(folder / "*.yaml"))


def test_a_file_declares_a_whole_region(tmp_path: Path) -> None:
    dag = built(tmp_path, WHOLE)["tokyo"]
    tasks: dict[str, Any] = dag.task_dict
    assert (dag.dag_id, dag.schedule, dag.start_date) == (
        "retune_dispatch_tokyo",
        "0 0 1 1,7 *",
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert dag.params.dump() == {
        "region": "tokyo",
        "fleet": 900,
        **{k: v for k, v in dag.params.dump().items() if "." in k},
    }
    assert tasks["tune.batch_001.suggest"].window.name == "8w-4w"
    assert tasks["test_scenarios"].window.name == Window("-4w").name
    assert tasks["validate.trial"].partial_kwargs["retries"] == 3
    assert tasks["test.compare_1"].rule.guardrails["unserved"].margin == 0.02
    assert (tasks["approve"].response_timeout, tasks["approve"].users) == (timedelta(days=2), ["ann"])
    assert [str(event) for event in tasks["promote"].on_success_callback[-1].events] == ["promoted", "failed"]


def test_no_approval_and_no_notification_are_said_and_not_left_empty(tmp_path: Path) -> None:
    text = WHOLE.replace("approval: {within: 2d, users: [ann]}", "approval: false").replace(
        "notify:\n  events: [promoted, failed]", "notify: false"
    )
    assert "approve" not in built(tmp_path, text)["tokyo"].task_ids


def test_a_region_may_tune_on_several_windows(tmp_path: Path) -> None:
    several = "tuning: [[-16w, -8w], [-32w, -24w]]\nvalidation: [-8w, -4w]"
    text = WHOLE.replace("tuning: [-8w, -4w]", several)
    assert {"tune_16w-8w.start", "tune_32w-24w.start"} <= set(built(tmp_path, text)["tokyo"].task_ids)
    assert Draft202012Validator(region_schema()).is_valid({**load(text), "start_date": ""})


@pytest.mark.parametrize(
    ("right", "wrong", "line", "said"),
    [
        ("max_trials: 9", "max_trials: 0", 6, "`max_trials` must be at least 1, but got 0. Write `max_trials: 1`."),
        ("max_trials: 9", "max_trails: 9", 6, "Study has no argument 'max_trails'"),
        ("low: 0.85, high: 0.99", "low: 0.99, high: 0.85", 5, "discount"),
        ("process: {", "proces: {", 8, "What runs a trial is one of process, pod, job"),
        ("retries: 3", "retry: 3", 8, "ProcessTrial has no argument 'retry'"),
        ("tuning: [-8w, -4w]", "tuning: [-8w, -3w]", 9, "Windows must not overlap, but tuning is"),
        ("tuning: [-8w, -4w]", "tuning: [[-8w, -4w], -9w, 3]", 9, "A window is '-8w' or ['-20w', '-8w'], but got 3."),
        ("test: -4w", "test: 4w", 10, "A window ends after it starts"),
        ("test: -4w", "tset: -4w", 10, "A region's file has no 'tset'. Did you mean 'test'?"),
        ("margin: 0.02", "margin: -1", 15, "`margin` must be above 0"),
        ("within: 2d", "within: soon", 16, "`within` is a length of time, but got 'soon'. Write `within: 7d`."),
        ("approval: {within: 2d, users: [ann]}", "approval:", 16, "`approval` has no value. Write `approval: false`"),
        ("[promoted, failed]", "[promotion]", 18, "A notification is about an event, but got 'promotion'."),
        ("events: [promoted, failed]", "via: {no.Such: {}}", 18, "got 'no.Such'"),
        ("schedule: 0 0 1 1,7 *", "schedule: 0 0 1 1,7", 19, "Exactly 5, 6 or 7 columns"),
        ("start_date: 2026-01-01", "start_date: soon", 20, "`start_date` is a date, but got 'soon'."),
        ("params: {fleet: 900}", "test: -5w", 21, "'test' stands in line 10 already"),
        ("trial.params.discount", "trial.params.discont", 8, "discont"),
        ("rule:\n", "rule: [\n", None, "A region's file must be YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    right: str, wrong: str, line: int | None, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert right in WHOLE
    assert built(tmp_path, WHOLE.replace(right, wrong, 1)) == {}
    [sentence] = [record.getMessage() for record in caplog.records if "tokyo.yaml" in record.getMessage()]
    assert said in sentence
    assert line is None or f"line {line}" in sentence, sentence


def test_a_file_has_only_its_own_where_a_study_is_shared(tmp_path: Path) -> None:
    from airflow_hpo import Float, ProcessTrial, Study

    study = Study(name="dispatch", objective="cost", space={"x": Float(0, 1), "y": Float(0, 1)}, max_trials=9)
    (tmp_path / "osaka.yaml").write_text(
        "study:\n  space: {y: {type: float, low: 0, high: 5}, x: null}\nfinalists: 2\n"
        "rule: {alpha: 0.01}\napproval: {users: [ann]}\nnotify: {events: [promoted]}\n"
    )
    (tmp_path / "kyoto.yaml").write_text("tuning: [-20w, -4w]\n")
    shared: dict[str, Any] = {"tuning": Window("-8w", "-4w"), "test": Window("-4w"), "rule": ComparisonRule(looks=2)}
    shared |= {"approval": Approval(timedelta(days=2)), "notify": HpoNotifier(HpoNotifier())}
    dags = from_yaml(
        str(tmp_path / "*.yaml"), study=study, trial=lambda region: ProcessTrial(["run", region]), **shared
    )
    assert {region: dag.dag_id for region, dag in dags.items()} == {
        "kyoto": "retune_dispatch_kyoto",
        "osaka": "retune_dispatch_osaka",
    }
    tasks: dict[str, Any] = dags["osaka"].task_dict
    assert (tasks["tune.start"].study.space, tasks["finalists"].k) == ({"y": Float(0, 5)}, 2)
    assert tasks["promote"].parameter_set == "dispatch/osaka"
    assert tasks["test.compare_1"].rule == ComparisonRule(looks=2, alpha=0.01, error=ErrorBudget(among=2))
    assert (tasks["approve"].response_timeout, tasks["approve"].users) == (timedelta(days=2), ["ann"])
    assert len(tasks["promote"].on_success_callback[-1].via) == 1
    assert tasks["validate.trial"].partial_kwargs["command"] == ["run", "osaka"]


def test_of_two_files_that_make_one_dag_the_later_one_is_broken(tmp_path: Path) -> None:
    (tmp_path / "osaka.yaml").write_text(WHOLE)
    assert list(built(tmp_path, WHOLE.replace("params:", "parameter_set: b\nparams:"))) == ["osaka"]


def test_no_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="Each region has a file, but there is none of"):
        from_yaml(str(tmp_path / "*.yaml"))


def test_a_broken_file_is_an_import_error_of_its_own_and_the_other_regions_are_stored(tmp_path: Path) -> None:
    good = WHOLE.replace("dispatch/tokyo", "dispatch/osaka")
    dag_file = made(
        tmp_path,
        osaka=good,
        tokyo=WHOLE.replace("max_trials: 9", "max_trials: 0"),
        kyoto=WHOLE.replace("params.discount", "params.other"),
    )
    bag = BundleDagBag(dag_folder=str(dag_file), bundle_path=tmp_path, bundle_name="mine", load_op_links=False)
    assert bag.import_errors == {}
    stored, errors = _serialize_dags(bag, structlog.get_logger())
    assert [dag.dag_id for dag in stored] == ["retune_dispatch_osaka"]
    assert errors.keys() == {"regions/tokyo.yaml", "regions/kyoto.yaml"}
    assert "regions/tokyo.yaml, line 6: Study: `max_trials` must be at least 1" in errors["regions/tokyo.yaml"]


def test_the_published_schema_is_current_and_takes_what_a_file_may_have() -> None:
    published = json.loads(Path(airflow_hpo.__file__).with_name("region.schema.json").read_text())
    assert published == region_schema(), "make schema"
    validator = Draft202012Validator(published)
    Draft202012Validator.check_schema(published)
    examples = [path.read_text() for path in (Path(__file__).parents[3] / "dags" / "regions").glob("*.yaml")]
    assert [list(validator.iter_errors({**load(text), "start_date": ""})) for text in (WHOLE, *examples)] == [[]] * 3
    for right, wrong in (("max_trials: 9", "max_trails: 9"), ("test: -4w", "tset: -4w"), ("pro", "proo")):
        assert not validator.is_valid({**load(WHOLE.replace(right, wrong, 1)), "start_date": ""}), wrong


def test_the_taxi_example_is_laid_out_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPO_EXAMPLE_NAMESPACE", "trials")
    dags = {dag.dag_id: dag for dag in _of_file(Path(__file__).parents[3] / "dags" / "retune_taxi.py")}
    assert dags.keys() == {
        *(f"{kind}_{region}" for kind in ("retune_dispatch", "dispatch") for region in ("tokyo", "osaka"))
    }
    tokyo, osaka = dags["retune_dispatch_tokyo"], dags["retune_dispatch_osaka"]
    tasks: dict[str, Any] = tokyo.task_dict
    study = tasks["tune.start"].study
    assert (study.max_trials, study.simulations, study.slots, study.pending_trials) == (100, 7, 5, 1)
    trial = next(task for name, task in tasks.items() if name.startswith("tune.") and name.endswith("trial"))
    assert trial.partial_kwargs["pod_template_dict"]["spec"]["initContainers"][0]["restartPolicy"] == "Always"
    assert tokyo.schedule == "0 0 1 1,7 *"
    assert tasks["approve"].response_timeout == timedelta(days=14)
    assert osaka.task_dict["approve"].response_timeout == timedelta(days=21)  # type: ignore[attr-defined]
    told = tasks["promote"].on_success_callback[-1]
    assert (told.via[0].slack_webhook_conn_id, len(told.events)) == ("slack_taxi", 6)
    assert osaka.task_dict["tune.start"].study.space["max_wait_s"].high == 720  # type: ignore[attr-defined]
    assert tasks["validate.plan"].variants == ["model", "statistics"]
    assert len(dags["dispatch_tokyo"].schedule) == 1


def _of_file(path: Path) -> list[DAG]:
    bag = BundleDagBag(dag_folder=str(path), bundle_path=path.parent, bundle_name="mine", load_op_links=False)
    assert bag.import_errors == {}
    stored, errors = _serialize_dags(bag, structlog.get_logger())
    assert (len(stored), errors) == (len(bag.dags), {})
    return list(bag.dags.values())
