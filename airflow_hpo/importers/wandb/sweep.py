"""Reader of one sweep, from its YAML to a study and what runs its trials."""

import importlib.util
from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.algorithms import LIBRARIES, Pruner, Sampler
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.remedy import named
from airflow_hpo.core.space import grid
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.document import documents
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.wandb.command import command_of
from airflow_hpo.importers.wandb.early_terminate import pruner_of
from airflow_hpo.importers.wandb.parameters import Space, tree_of
from airflow_hpo.task_groups.backends import ProcessTrial, TrialBackend
from airflow_hpo.task_groups.pods import PodTrial

_PRINTS = "W&B reads what the program gives to wandb.log. Here the program must print it as well, as in print(f'{name}={{value}}')."
_PLACES = {
    "project": "It says where W&B keeps the runs.",
    "entity": "It says who owns the runs at W&B.",
    "controller": "The study is controlled by its DAG.",
    "scheduler": "The study is scheduled by its DAG.",
}


def is_sweep(document: Any) -> bool:
    """Say whether a document is a sweep."""
    return isinstance(document, Mapping) and "method" in document and isinstance(document.get("parameters"), Mapping)


def from_wandb(
    text: str | bytes,
    *,
    name: str | None = None,
    max_trials: int | None = None,
    objective: Objective | Mapping[str, Any] | str | None = None,
) -> Imported:
    """Return the study and the trials of a W&B sweep, with what is otherwise here.

    For those who have a sweep and want to see or change what becomes of it in Python; ``airflow hpo import`` writes the same as a DAG.
    Every field is carried, noted or refused. Programs must print their metrics. The page *Coming from W&B* says what becomes what.

    Example::

        found = from_wandb('''
        program: fit.py
        name: breeze
        method: random
        run_cap: 40
        metric: {name: loss, goal: minimize}
        parameters:
          lr: {min: 0.001, max: 0.1}
        ''')
        TuneTaskGroup(study=found.study, trial=found.trial)

    :param text: the YAML or JSON of one sweep, 10 MB at most.
    :param name: the study's name; None for that of the sweep.
    :param max_trials: how many trials the study wants, 1 or more; None for ``run_cap``. Most sweeps leave it to the agent.
    :param objective: the metric, where the sweep has none: an :class:`Objective`, its arguments, or its name.
    :returns: ``study``, ``trial`` (a :class:`ProcessTrial`, or a :class:`PodTrial` for a sweep with an image) and ``notes``, each with
        the ``path`` of the field, a ``level`` (``differs``, ``left_out``, ``renamed``, ``inferred``) and a ``sentence``.
    :raises DeclarationError: when the text is no sweep, or has what cannot be had here; it names every such field.
    """
    findings = Findings()
    found = documents(text)
    if len(found) != 1 or not isinstance(found[0], Mapping):
        raise DeclarationError(f"A file has one sweep of W&B, but got {len(found)} documents. Give one file for each.")
    sweep = Fields(found[0], "", findings)
    sweep.silent("description", "display_name", "$schema")
    for place, why in _PLACES.items():
        sweep.left_out(place, why)
    sweep.refused("job", "A job of W&B Launch is kept at W&B. Write its image as image_uri, or its program.")
    method = sweep.one_of("method", "random", "grid", "bayes") or "random"
    space = Space(method)
    tree = tree_of(sweep.part("parameters"), space)
    command, image = command_of(sweep, tree), sweep.text("image_uri")
    counted = _objective(sweep, method, objective)
    pruner = pruner_of(sweep.part("early_terminate"))
    wanted = _wanted(sweep, method, max_trials)
    called = _name(sweep, name)
    sweep.close()
    study = None
    if counted is not None and not findings.refusals:
        study = _study(sweep, called, counted, space, wanted, pruner)
    findings.raise_refused("The sweep")
    if study is None:
        raise RuntimeError("A sweep that is read without a refusal becomes a study.")
    trial: TrialBackend = PodTrial(image, cmds=command) if image else ProcessTrial(command)
    return Imported(study, trial, tuple(findings.notes))


def _study(
    sweep: Fields, name: str, objective: Objective, space: Space, wanted: int | None, pruner: Pruner
) -> Study | None:
    points = grid.size(space.parameters) if space.method == "grid" else 0
    if wanted and points > wanted:
        sweep.findings.differs(
            "run_cap", f"{wanted} of the {points} points of the grid are tried, in the order here.", "study.max_trials"
        )
    try:
        return Study(
            name=name,
            objective=objective,
            space=space.parameters,
            max_trials=wanted,
            count="finished",
            max_failures=min(points, wanted or points) if points else wanted,
            sampler=_sampler(sweep, space.method),
            pruner=pruner,
        )
    except DeclarationError as err:
        sweep.findings.refuse("parameters", str(err))
        return None


def _sampler(sweep: Fields, method: str) -> Sampler:
    """Return the sampler; W&B's ``bayes`` is a Gaussian process."""
    if method != "bayes":
        return Sampler(method)
    library, extra = LIBRARIES["gp"]
    if importlib.util.find_spec(library):
        return Sampler("gp")
    sweep.findings.differs(
        "method",
        f"A Gaussian process needs the extra {extra!r}, which is not installed: TPE takes its place. Install "
        f"airflow-provider-hpo[{extra}] and import again for 'gp'.",
        "study.sampler",
    )
    return Sampler("tpe")


def _wanted(sweep: Fields, method: str, max_trials: int | None) -> int | None:
    declared = sweep.whole("run_cap", 1)
    wanted = max_trials or declared
    if wanted is None and method != "grid":
        sweep.findings.missing(
            "run_cap",
            "The sweep has no end: its number of runs is given to the agent. Give max_trials=100 (--max-trials 100).",
        )
    return wanted


def _name(sweep: Fields, name: str | None) -> str:
    given = sweep.text("name")
    if name:
        return name
    if not given:
        sweep.findings.missing(
            "name", "A study has a name, but the sweep has none. Give name='breeze' (--name breeze)."
        )
        return "unnamed"
    fits = named(given)
    if fits != given:
        sweep.findings.renamed(
            "name", f"The study is called {fits!r}: names have no blanks and other signs.", "study.name"
        )
    return fits


def _objective(sweep: Fields, method: str, given: Objective | Mapping[str, Any] | str | None) -> Objective | None:
    """Return the objective; W&B's own search takes the best value that a run logged, the others show the last."""
    metric = _metric(sweep)
    strategy = "best" if method == "bayes" else "last"
    if given is not None:
        if metric is not None:
            sweep.findings.refuse("metric", "The sweep says its objective itself. Leave objective= (--objective) out.")
        return _given(sweep, given, strategy)
    if metric is None:
        sweep.findings.missing(
            "metric",
            "A study has an objective, but the sweep has no metric. Give objective='loss' (--objective minimize:loss).",
        )
        return None
    name, goal, target = (
        metric.needed("name", "loss"),
        metric.one_of("goal", "minimize", "maximize"),
        metric.number("target"),
    )
    for each in ("impute", "impute_while_running"):
        metric.left_out(each, "A run without a value has failed, and samplers learn nothing of it.", "study.objective")
    metric.close()
    if not name:
        return None
    options = {} if target is None else {"goal": target}
    try:
        made = Objective(name, direction=goal or "minimize", strategy=strategy, **options)
    except DeclarationError as err:
        sweep.findings.refuse(metric.at("name"), str(err))
        return None
    sweep.findings.differs(metric.at("name"), _PRINTS.format(name=name), "study.objective")
    return made


def _metric(sweep: Fields) -> Fields | None:
    """Return the one metric; ``metrics`` is a list of them."""
    several = list(sweep.members("metrics"))
    if len(several) > 1:
        sweep.findings.refuse("metrics", "A study has one objective. Write `metric:` with the one that counts.")
    one = sweep.part("metric")
    return one if one.data else several[0] if several else None


def _given(sweep: Fields, given: Objective | Mapping[str, Any] | str, strategy: str) -> Objective:
    if isinstance(given, Objective):
        made = given
    elif isinstance(given, str):
        made = Objective(given, direction="minimize", strategy=strategy)
    else:
        made = Objective(**{"strategy": strategy, **given})
    sweep.findings.differs("metric", _PRINTS.format(name=made.metric), "study.objective")
    return made
