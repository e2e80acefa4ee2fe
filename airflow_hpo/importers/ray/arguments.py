"""``tune_config`` and ``run_config`` as fields of a study and arguments of its trials."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.remedy import named
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.ray.points import start_points
from airflow_hpo.importers.ray.run import Declared, Tree, fields_of, is_tree, said
from airflow_hpo.importers.ray.scheduler import pruner_of
from airflow_hpo.importers.ray.search import search_of
from airflow_hpo.importers.ray.space import Space

_NOTHING: Tree = {"kind": "constant", "value": None}
_LONGEST = 10**9
_DIRECTIONS = {"min": "minimize", "max": "maximize"}
_PLACES = {
    **dict.fromkeys(
        ("storage_path", "storage_filesystem", "local_dir", "sync_config"), "Trials are kept in Airflow's database."
    ),
    **dict.fromkeys(("checkpoint_config", "worker_runtime_env"), "What a trial keeps is up to its program."),
    **dict.fromkeys(("callbacks", "log_to_file"), "Logs of trials are those of their tasks."),
}
Given = Objective | Mapping[str, Any] | str | None


def study_fields(found: Declared, space: Space, objective: Given, max_trials: int | None) -> dict[str, Any]:
    """Return what ``tune_config`` says of a study; all that cannot be had is refused."""
    findings = space.findings
    parts = _parts(found.tune_config)
    config = fields_of(found.tune_config, "tune_config", findings)
    config.silent("search_alg", "scheduler", "trial_name_creator", "trial_dirname_creator")
    config.left_out("reuse_actors", "Each trial has a process of its own.", "trial")
    search = search_of(parts.get("search_alg", _NOTHING), findings)
    pruner, scheduler = pruner_of(parts.get("scheduler", _NOTHING), findings)
    fields: dict[str, Any] = {
        "objective": _objective([config, scheduler, search.given], objective, findings),
        "pruner": pruner,
        "seed": search.seed,
        "count": "finished",
        **_budget(config, space, search.sampler, max_trials),
        "start_points": start_points(search.given, space),
    }
    at_once = config.whole("max_concurrent_trials") or search.at_once
    if at_once and fields["max_trials"] != 0:
        fields["parallelism"] = at_once
    seconds = config.number("time_budget_s")
    if seconds is not None and not 0 < seconds <= _LONGEST:
        why = f"It is more than 0 and at most {_LONGEST} seconds, but got {seconds:g}. Write time_budget_s=3600."
        findings.refuse("tune_config.time_budget_s", why)
    elif seconds is not None:
        fields["timeout"] = seconds
    config.close()
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _parts(tree: Tree) -> dict[str, Tree]:
    known = ("metric", "mode", "search_alg", "scheduler")
    return {**dict(zip(known, tree.get("items", []))), **tree.get("named", {})}


def _objective(places: list[Fields], given: Given, findings: Findings) -> Objective | None:
    """Return the objective, which stands in ``tune_config``, or in what it is given."""
    metric = next((found for each in places if (found := each.text("metric"))), None)
    mode = next((found for each in places if (found := each.one_of("mode", *_DIRECTIONS))), None)
    try:
        if given is not None:
            if metric is not None:
                why = f"The file says its metric itself, {metric!r}. Leave objective= (--objective) out."
                findings.refuse("tune_config.metric", why)
            if isinstance(given, Objective):
                return given
            return Objective(given, direction="minimize") if isinstance(given, str) else Objective(**given)
        if metric is None:
            why = "A study has an objective, but the file has no metric. Give objective='loss' (--objective minimize:loss)."
            findings.missing("tune_config.metric", why)
            return None
        if mode is None:
            findings.missing(
                "tune_config.mode", "It says what is good: min or max, but was not given. Write mode='min'."
            )
            return None
        return Objective(metric, direction=_DIRECTIONS[mode])
    except DeclarationError as err:
        findings.refuse("tune_config.metric", str(err))
        return None


def _budget(config: Fields, space: Space, sampler: Sampler, max_trials: int | None) -> dict[str, Any]:
    """Return sampler and number of trials: every point of a grid once, or so many samples."""
    samples = config.whole("num_samples", -1)
    if space.grids and len(space.grids) == len(space.parameters):
        if samples not in (None, 1):
            why = f"Every point of the grid would be tried {samples} times, which cannot be declared yet. Write num_samples=1."
            config.findings.refuse("tune_config.num_samples", why)
        return {"sampler": Sampler("grid"), "max_trials": max_trials}
    if samples in (-1, 0) and max_trials is None:
        why = f"A study has a number of trials, but got num_samples={samples}. Give max_trials=100 (--max-trials 100)."
        config.findings.refuse("tune_config.num_samples", why)
    return {"sampler": sampler, "max_trials": max_trials or samples or 1}


def trial_fields(found: Declared, findings: Findings, name: str | None) -> tuple[str, dict[str, Any]]:
    """Return the study's name and the arguments of its trials that ``run_config`` says."""
    config = fields_of(found.run_config, "run_config", findings)
    config.silent("verbose", "progress_reporter")
    for place, why in _PLACES.items():
        config.left_out(place, why, "study")
    given = config.text("name")
    called = name or named(given or "unnamed")
    if not (name or given):
        findings.missing("name", "A study has a name, but run_config has none. Give name='breeze' (--name breeze).")
    elif given and not name and called != given:
        why = f"The study is called {called!r}: names have no blanks and other signs."
        findings.renamed("run_config.name", why, "study.name")
    _stop(config)
    given_failures = found.run_config.get("named", {}).get("failure_config", _NOTHING)
    failures = fields_of(given_failures, "run_config.failure_config", findings)
    config.silent("failure_config")
    again = failures.whole("max_failures", -1) or 0
    if again < 0:
        why = "A trial is tried again so often, but got no end (-1). Write max_failures=3."
        findings.refuse(failures.at("max_failures"), why)
    if failures.raw("fail_fast"):
        why = "A trial that has failed ends no study before max_failures= of it. Write Study(max_failures=0)."
        findings.differs(failures.at("fail_fast"), why, "study.max_failures")
    failures.close()
    config.close()
    return called, {"program_retries": again} if again else {}


def _stop(config: Fields) -> None:
    """Note what ends a trial: only its program does here."""
    stop = config.raw("stop")
    if stop is None:
        return
    said_of = (
        ", ".join(f"{name}={value}" for name, value in stop.items())
        if isinstance(stop, dict) and not is_tree(stop)
        else said(stop)
    )
    why = f"Ray ends a trial by {said_of}. Here the program ends by itself: it has to stop there."
    config.findings.differs("run_config.stop", why, "trial")
