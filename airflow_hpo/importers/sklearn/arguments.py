"""Arguments of a search as fields of a study."""

import importlib.util
import math
from typing import Any

from airflow_hpo.core.algorithms import LIBRARIES, Sampler
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space import grid
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.sklearn.run import Search, Thing, said
from airflow_hpo.importers.sklearn.space import Space

_DRAWS = {"RandomizedSearchCV": 10, "BayesSearchCV": 50}
"""How many points a search tries unless it says so."""
_REFIT = "No model is fitted with the best parameters on all data: the task `finish` returns the parameters. Fit one in a task after it."
_FORESTS = ("RF", "ET", "GBRT")


def study_fields(search: Search, space: Space, findings: Findings, max_trials: int | None) -> dict[str, Any]:
    """Return what the arguments of a search say of a study, except its name and space; all that cannot be had is refused."""
    given = Fields(search.arguments, "", findings)
    given.silent("cv", "scoring", "verbose", "pre_dispatch", "fit_params")
    found: dict[str, Any] = {"objective": _objective(given, search)}
    points = grid.size(space.parameters) if space.parameters and grid.countable(space.parameters) else None
    found |= _budget(given, search, points, max_trials)
    found |= _failures(given, points if found["sampler"].name == "grid" else found["max_trials"])
    if jobs := _jobs(given, search, points):
        found["parallelism"] = jobs
    found |= _seed(given)
    given.left_out("return_train_score", "Scores of the training data are not kept.", "trial")
    if given.raw("iid"):
        findings.differs("iid", "The score is the mean of the folds, however long each is.", "study.objective")
    given.close()
    return {name: value for name, value in found.items() if value is not None}


def metric_of(search: Search) -> str:
    """Return what the score is called."""
    scoring = search.arguments.get("scoring")
    if search.scores is not None:
        return str(search.arguments.get("refit"))
    return scoring if isinstance(scoring, str) else "score"


def _objective(given: Fields, search: Search) -> Objective | None:
    refit = given.raw("refit")
    if search.scores is None:
        if refit is not False:
            given.findings.left_out("refit", _REFIT, "study")
    elif isinstance(refit, str) and refit in search.scores:
        given.findings.left_out("refit", _REFIT, "study")
    else:
        why = f"With several scores it names the one that counts, but got {said(refit)}. Write refit={search.scores[:1]!r}."
        given.findings.missing("refit", why.replace("['", "'").replace("']", "'"))
        return None
    name = metric_of(search)
    others = [each for each in search.scores or () if each != name]
    try:
        return Objective(name, direction="maximize", extra_metrics=others)
    except DeclarationError as err:
        given.findings.refuse("scoring", str(err))
        return None


def _budget(given: Fields, search: Search, points: int | None, max_trials: int | None) -> dict[str, Any]:
    """Return sampler and number of trials."""
    if search.kind == "GridSearchCV":
        return {"sampler": Sampler("grid"), "max_trials": max_trials}
    draws = given.whole("n_iter", 1) or _DRAWS.get(search.kind, 1)
    if search.kind == "BayesSearchCV":
        return {"sampler": _bayes(given), "max_trials": max_trials or _of_spaces(given, search, draws)}
    wanted = max_trials or draws
    if points is not None and points <= wanted:
        return {"sampler": Sampler("grid"), "max_trials": None}
    if all(each.kind != "distribution" for space in search.spaces for each in space.values()):
        given.findings.differs(
            search.space_argument,
            "scikit-learn draws no point twice where all are lists. Here a point may come again.",
            "study.sampler",
        )
    return {"sampler": Sampler("random"), "max_trials": wanted}


def _of_spaces(given: Fields, search: Search, draws: int) -> int:
    """Return the draws of all spaces together: scikit-optimize searches one after the other, each with its own number."""
    if len(search.spaces) == 1 and search.draws[0] is None:
        return draws
    if len(search.spaces) > 1:
        given.findings.differs(
            search.space_argument,
            "scikit-optimize searches one space after the other. Here each trial has the one that promises most.",
            "study.sampler",
        )
    return sum(each if isinstance(each, int) and each > 0 else draws for each in search.draws)


def _bayes(given: Fields) -> Sampler:
    """Return the sampler of scikit-optimize's model: a Gaussian process unless it says otherwise."""
    options = given.part("optimizer_kwargs")
    model, start = options.raw("base_estimator"), options.whole("n_initial_points", 1)
    if model in _FORESTS:
        given.findings.differs(
            options.at("base_estimator"),
            f"There is no sampler with the model {model!r}: TPE takes its place.",
            "study.sampler",
        )
    elif model not in (None, "GP"):
        why = f"It is one of GP, {', '.join(_FORESTS)}, but got {said(model)}. Write 'GP'."
        given.findings.refuse(options.at("base_estimator"), why)
    for name in options.data:
        if name not in ("base_estimator", "n_initial_points"):
            given.findings.differs(
                options.at(str(name)), "The sampler here has it not: it goes by its own rule.", "study.sampler"
            )
    started: dict[str, Any] = {} if start is None else {"n_startup_trials": start}
    library, extra = LIBRARIES["gp"]
    if model in _FORESTS or importlib.util.find_spec(library):
        return Sampler("tpe" if model in _FORESTS else "gp", **started)
    given.findings.differs(
        options.at("base_estimator") if model else "optimizer_kwargs",
        f"A Gaussian process needs the extra {extra!r}, which is not installed: TPE takes its place. Install "
        f"airflow-provider-hpo[{extra}] and import again for 'gp'.",
        "study.sampler",
    )
    return Sampler("tpe", **started)


def _failures(given: Fields, trials: int | None) -> dict[str, Any]:
    """Return how many trials may fail: a point without a score ends no search unless that is said."""
    score = given.raw("error_score")
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    if score not in (None, "raise") and not is_number and not isinstance(score, Thing):
        given.findings.refuse(
            "error_score", f"It is a number or 'raise', but got {said(score)}. Write error_score='raise'."
        )
    return {"count": "finished", "max_failures": 0 if score == "raise" else trials}


def error_score(search: Search) -> float | str:
    """Return what a fold counts that could not be fitted: an error, unless the file has a number for it."""
    score = search.arguments.get("error_score")
    is_number = isinstance(score, int | float) and not isinstance(score, bool) and math.isfinite(score)
    return float(score) if is_number and score is not None else "raise"


def _jobs(given: Fields, search: Search, points: int | None) -> int | None:
    jobs, at_once = given.raw("n_jobs"), given.whole("n_points", 1)
    if jobs is not None and (not isinstance(jobs, int) or isinstance(jobs, bool)):
        given.findings.refuse("n_jobs", f"It is a whole number, but got {said(jobs)}. Write n_jobs=4.")
        return None
    if jobs is not None and jobs < 0:
        why = f"n_jobs={jobs} is for one machine. How many trials run at once is the study's parallelism."
        given.findings.differs("n_jobs", why, "study")
        jobs = None
    wanted = at_once or jobs
    return min(wanted, points or wanted) if wanted else None


def _seed(given: Fields) -> dict[str, Any]:
    state = given.raw("random_state")
    if isinstance(state, int) and not isinstance(state, bool) and state >= 0:
        return {"seed": state}
    if state is not None:
        given.findings.differs(
            "random_state",
            "Trials have the seed of the study, which is a number: give Study(seed=7) for the same draws each time.",
            "study",
        )
    return {}
