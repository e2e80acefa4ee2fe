"""What tests/corpus says of a case, compared with what an importer makes of it (tests/corpus/README.md has the format)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import MetricSource, Stdout
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.importers.findings import Note, Refusal
from airflow_hpo.importers.imported import Imported
from airflow_hpo.pods.build.labels import PodIdentity
from airflow_hpo.task_groups.backends import ProcessTrial, TrialBackend
from airflow_hpo.task_groups.jobs import JobTrial
from airflow_hpo.task_groups.pods import PodTrial
from tests.unit.operators.claimed import claimed_run

Data = dict[str, Any]
SAID = {"normal", "weights", "log_step"}
"""What the cases need of a declaration, and can be said."""


def is_imported(case: Data) -> bool:
    """Say whether a case becomes a study: unless it needs what cannot be said yet."""
    return case["outcome"] == "imported" and {*case.get("needs", ())} <= SAID


def in_our_words(parameter: Data) -> Data:
    """Return a parameter of a case as it is declared here: of whole numbers a step of 1 is not said."""
    if parameter["type"] not in ("normal", "lognormal"):
        return parameter
    made = {"integer" if name == "whole" else name: value for name, value in parameter.items()}
    return {name: value for name, value in made.items() if name != "step" or value != 1}


def lacks(expected: Any, got: Any, path: str = "") -> list[str]:
    """Return where something expected is not there; members of lists that have names are found by them."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return [each for name in expected for each in lacks(expected[name], got.get(name), f"{path}.{name}")]
    if isinstance(expected, list) and isinstance(got, list):
        if expected and all(isinstance(each, Mapping) and "name" in each for each in expected):
            named = {each.get("name"): each for each in got}
            return [
                wrong for each in expected for wrong in lacks(each, named.get(each["name"]), f"{path}[{each['name']}]")
            ]
        if len(expected) == len(got):
            return [
                wrong for place, each in enumerate(expected) for wrong in lacks(each, got[place], f"{path}[{place}]")
            ]
    same = expected == got and isinstance(expected, bool) is isinstance(got, bool)
    return [] if same else [f"{path}: {expected!r} is {got!r}"]


def wrong_notes(case: Data, notes: Sequence[Note]) -> list[str]:
    """Return what is wrong with notes: exactly ``notes`` must be there, and ``may_note`` may."""
    plain = [{**asdict(each), "level": each.level.value} for each in notes]
    allowed = case.get("may_note", []) + _of_alternatives(case)
    return _wrong(case.get("notes", []), allowed, plain)


def wrong_refusals(case: Data, refusals: Sequence[Refusal]) -> list[str]:
    """Return what is wrong with refusals: exactly ``refusals`` must be there, and ``may_refuse`` may."""
    of_case = case.get("without", case)
    plain = [{**asdict(each), "level": "differs"} for each in refusals]
    return _wrong(of_case["refusals"], of_case.get("may_refuse", []), plain)


def _wrong(expected: list[Data], allowed: Iterable[Any], got: list[Data]) -> list[str]:
    found = {each["path"]: each for each in got}
    may = {each if isinstance(each, str) else each["path"] for each in allowed}
    wrong = [f"{path} is said" for path in found if path not in may | {each["path"] for each in expected}]
    for each in expected:
        if (one := found.get(each["path"])) is None:
            wrong.append(f"{each['path']} is not said")
            continue
        wrong += [f"{each['path']} is {one['level']}"] * (one["level"] != each["level"])
        wrong += [
            f"{each['path']} does not name {word}" for word in each.get("about", []) if word not in one["sentence"]
        ]
    return wrong


def _of_alternatives(case: Data) -> list[str]:
    sampler = case.get("study", {}).get("sampler", {})
    return [each["note"] for each in sampler.get("one_of", []) if "note" in each]


def wrong_study(case: Data, study: Study, notes: Sequence[Note]) -> list[str]:
    """Return what is wrong with a study: what is expected is there, and the space has nothing more."""
    got, expected = study.to_dict(), dict(case["study"])
    if "space" in expected:
        expected["space"] = {name: in_our_words(each) for name, each in expected["space"].items()}
    wrong = []
    if alternatives := expected.get("sampler", {}).get("one_of"):
        del expected["sampler"]
        said = {each.path for each in notes}
        fits = [each for each in alternatives if not lacks({k: each[k] for k in each if k != "note"}, got["sampler"])]
        wrong += [] if any("note" not in each or each["note"] in said for each in fits) else ["no sampler fits"]
    if "points_in_grid" in case and study.points != case["points_in_grid"]:
        wrong.append(f"the grid has {study.points} points")
    constant = {name for name in case.get("constants", {}) if name in got["space"]}
    more = got["space"].keys() - expected["space"].keys() - constant
    return [*wrong, *lacks(expected, got, "study"), *(f"space has {name}" for name in more)]


def wrong_trial(case: Data, imported: Imported) -> list[str]:
    """Return what is wrong with what runs a trial."""
    expected, backend = case["trial"], imported.trial
    given = backend.arguments
    kinds = {JobTrial: "job", PodTrial: "pod", ProcessTrial: "process"}
    facts = {
        "kind": kinds[type(backend)],
        "container": given.get("base_container_name"),
        "namespace": given.get("namespace"),
        "pods": given.get("pods", 1),
        "keep": given.get("on_finish_action") == "keep_pod",
        "program_retries": given.get("program_retries", 0),
        "time_limit": given.get("time_limit"),
        "metrics": given.get("metrics", Stdout()).to_dict(),
    }
    sample = expected["metrics"].get("sample")
    named = {name: value for name, value in expected.items() if name != "rendered"}
    named["metrics"] = {name: value for name, value in expected["metrics"].items() if name != "sample"}
    wrong = lacks(named, facts, "trial")
    if sample:
        wrong += lacks(sample["read"], read(given["metrics"], imported.study, sample["lines"]), "sample")
    for each in expected["rendered"]:
        wrong += (
            lacks(each["command"], command(backend, each["params"])) if "command" in each else _wrong_pod(each, backend)
        )
    return wrong


def read(source: MetricSource, study: Study, lines: Sequence[str]) -> dict[str, list[float]]:
    """Return the values that are read of lines, by metric."""
    collector = Collector(source, study.objective)
    found: dict[str, list[float]] = {}
    collector.feed("".join(f"{line}\n" for line in lines).encode())
    collector.close()
    for point in collector.drain(final=True):
        found.setdefault(point.name, []).append(point.value)
    return found


def _wrong_pod(expected: Data, backend: TrialBackend) -> list[str]:
    pod = rendered(backend, expected["params"])
    wrong = lacks(expected["pod_spec"], pod["spec"], "pod")
    wrong += lacks(expected.get("pod_metadata", {}), pod["metadata"], "metadata")
    named = {each["name"]: each for each in pod["spec"]["containers"][0]["env"]}
    wrong += [f"{name} is no variable" for name in expected.get("env_names", []) if name not in named]
    if distinct := expected.get("distinct_by_trial"):
        other = rendered(backend, expected["params"], number=8)
        others = {each["name"]: each for each in other["spec"]["containers"][0]["env"]}
        wrong += [f"{name} is the same for two trials" for name in distinct if named[name] == others[name]]
    return wrong


def command(backend: TrialBackend, params: Data) -> list[str]:
    """Return what a process of a trial runs."""
    found: list[str] = _rendered(backend, params, 7).command
    return found


def rendered(backend: TrialBackend, params: Data, number: int = 7) -> Data:
    """Return the pod of a trial as Kubernetes gets it."""
    operator = _rendered(backend, params, number)
    plain: Data = ApiClient().sanitize_for_serialization(operator.build_pod_request_obj(dry_run=True))
    return plain


def _rendered(backend: TrialBackend, params: Data, number: int) -> Any:
    request = TrialRequest(study="s@r", key="001/3", number=number, params=params, seed=3)
    operator: Any = backend.operator(task_id="trial", request=request.to_dict(), **backend.arguments)
    operator.run = claimed_run(request)
    operator._identity = PodIdentity(request, 2, TaskRun("d", "run:1", "trial", 3, 1), "here")
    operator.render_template_fields({"trial": TrialView(request)})
    return operator


def wrong_files(folder: Path) -> list[str]:
    """What is wrong with the DAG files in a folder: importers that they name, format, names without a meaning."""
    wrong = [f"{path.name} names importers" for path in folder.iterdir() if "importers" in path.read_text()]
    for check in (["format", "--check", "--diff"], ["check", "--select", "E4,E7,E9,F"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--isolated", str(folder)], capture_output=True, text=True
        )
        if done.returncode:
            wrong.append(done.stdout + done.stderr)
    return wrong
