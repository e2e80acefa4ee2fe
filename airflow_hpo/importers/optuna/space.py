"""Space of a study of Optuna, read off its trials, and the points and values that are in it."""

from typing import Any

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.space.parameter import AnyParameter, Categorical, Choice
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.names import fitting
from airflow_hpo.importers.optuna.conditions import condition_of
from airflow_hpo.importers.optuna.database import StudyRows, Trial
from airflow_hpo.importers.optuna.distributions import parameter_of, together, value_of


def space_of(rows: StudyRows, findings: Findings) -> tuple[dict[str, AnyParameter], dict[str, str]]:
    """Return the space, and what each parameter of the database is called in it."""
    found: dict[str, dict[str, AnyParameter]] = {}
    refused: set[str] = set()
    for trial in rows.with_params:
        for theirs, (_, text) in trial.params.items():
            if theirs not in refused and text not in found.setdefault(theirs, {}):
                try:
                    found[theirs][text] = parameter_of(text)
                except (DeclarationError, ArithmeticError) as err:
                    findings.refuse(theirs, str(err))
                    refused.add(theirs)
    space: dict[str, AnyParameter] = {}
    names: dict[str, str] = {}
    for theirs, kinds in found.items():
        made = None if theirs in refused else together(theirs, [*kinds.values()], findings)
        if made is not None:
            names[theirs] = ours = fitting(theirs, [*space])
            space[ours] = made
            if ours != theirs:
                why = f"{theirs!r} is {ours!r} here: names have no blanks and other signs."
                findings.renamed(theirs, why, f"study.space.{ours}")
    if findings.refusals:
        return space, names
    return _with_conditions(rows, space, names, findings), names


def _with_conditions(
    rows: StudyRows, space: dict[str, AnyParameter], names: dict[str, str], findings: Findings
) -> dict[str, AnyParameter]:
    trials = [point_of(trial, names) for trial in rows.with_params]
    found = {}
    for theirs, ours in names.items():
        found[ours] = space[ours]
        if all(ours in params for params in trials):
            continue
        when = condition_of(ours, space, trials)
        if when is None:
            why = "Only some trials have it, and no value of another parameter tells which. Here all have it."
            findings.differs(theirs, why, f"study.space.{ours}")
            continue
        given = {
            each: getattr(space[ours], each) for each in type(space[ours]).model_fields if each not in ("type", "when")
        }
        found[ours] = type(space[ours])(**given, when=when)
        why = f"Read off {len(trials)} trials, so perhaps wrong: it exists when {next(iter(when))} is one of these."
        findings.inferred(theirs, why, f"study.space.{ours}")
    return found


def point_of(trial: Trial, names: dict[str, str]) -> dict[str, Choice]:
    """Return what a trial had, by the names here."""
    return {
        names[theirs]: value_of(parameter_of(text), number)
        for theirs, (number, text) in trial.params.items()
        if theirs in names
    }


def waiting(rows: StudyRows, names: dict[str, str]) -> list[dict[str, Choice]]:
    """Return the points that wait for a trial."""
    fixed: list[Any] = [each.attributes.get("fixed_params") for each in rows.trials if each.state == "WAITING"]
    return [
        {names.get(str(theirs), str(theirs)): value for theirs, value in each.items()}
        for each in fixed
        if isinstance(each, dict)
    ]


def sampler_of(rows: StudyRows, space: dict[str, AnyParameter], findings: Findings) -> Sampler:
    """Return the sampler, as far as trials show it; a grid of some values of a range makes them choices."""
    grids = [
        each.attributes["search_space"] for each in rows.trials if isinstance(each.attributes.get("search_space"), dict)
    ]
    if not grids:
        findings.inferred(
            "sampler", "A database does not say which sampler it was. TPE is what Optuna takes by itself.", "study"
        )
        return Sampler("tpe")
    for name, values in grids[-1].items():
        parameter = space.get(name)
        if parameter is None or isinstance(parameter, Categorical) or not isinstance(values, list):
            continue
        if (parameter.count or 0) != len(values):
            try:
                space[name] = Categorical(values, when=parameter.when)
            except DeclarationError as err:
                findings.refuse(name, str(err))
                return Sampler("grid")
            why = "The grid has some values of its range: these are choices here."
            findings.differs(name, why, f"study.space.{name}")
    return Sampler("grid")
