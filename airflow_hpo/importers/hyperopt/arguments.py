"""Arguments of ``fmin`` as fields of a study."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.objective import Objective
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.hyperopt.run import Declared, Row
from airflow_hpo.importers.hyperopt.space import Space

_SAMPLERS = {"tpe.suggest": "tpe", "rand.suggest": "random"}
_TPE = {"n_startup_jobs": "n_startup_trials", "n_EI_candidates": "n_ei_candidates"}
_SILENT = ("fn", "space", "verbose", "show_progressbar", "return_argmin", "allow_trials_fmin", "catch_eval_exceptions")
_LONGEST = 10**9
_SPARK = ("parallelism", "timeout", "loss_threshold", "spark_session", "resource_profile")


def study_fields(declared: Declared, space: Space, max_trials: int | None) -> dict[str, Any]:
    """Return what the arguments of fmin say of a study, except its name and space; all that cannot be had is refused."""
    findings = space.findings
    plain = {name: declared.plain(place) for name, place in declared.arguments.items()}
    given = Fields(plain, "", findings)
    given.silent(*_SILENT)
    found: dict[str, Any] = {"max_trials": _wanted(given, max_trials), "sampler": _sampler(given, declared)}
    found |= _trials(given, declared)
    goal, seconds = given.number("loss_threshold"), given.number("timeout")
    goal = found.pop("goal", None) if goal is None else goal
    found["objective"] = Objective("loss", direction="minimize", **({} if goal is None else {"goal": goal}))
    if seconds is not None:
        found["timeout"] = seconds
    if not 0 < found.get("timeout", 1) <= _LONGEST:
        findings.refuse(
            "timeout", f"It is more than 0 and at most {_LONGEST} seconds, but got {seconds}. Write timeout=3600."
        )
    found |= _patience(given, declared)
    if points := _points(given, space):
        found["start_points"] = points
    if given.raw("rstate") is not None:
        findings.differs(
            "rstate",
            "Trials have the seed of the study and draw other values. Give Study(seed=7) for the same ones each time.",
            "study",
        )
    if given.raw("max_queue_len") not in (None, 1):
        findings.left_out("max_queue_len", "How many trials are asked for at once is the study's parallelism.", "study")
    if given.raw("trials_save_file"):
        findings.left_out("trials_save_file", "Trials are kept in Airflow's database.", "study")
    if given.raw("pass_expr_memo_ctrl"):
        findings.refuse("pass_expr_memo_ctrl", "The objective gets values, and no graph of Hyperopt. Leave it out.")
    given.close()
    return found


def _wanted(given: Fields, max_trials: int | None) -> int | None:
    declared = given.whole("max_evals", 1)
    wanted = max_trials or declared
    if wanted is None:
        given.findings.missing(
            "max_evals",
            "A study has a number of trials, but fmin has no max_evals. Give max_trials=100 (--max-trials 100).",
        )
    return wanted


def _kind(value: Any) -> str:
    return str(value.get("kind")) if isinstance(value, Mapping) else ""


def _named(declared: Declared, row: Row, *unnamed: str) -> dict[str, Any]:
    """Return what an object of Hyperopt was made of, by the names of its arguments."""
    plain = [declared.plain(each) for each in row["items"]]
    return {**dict(zip(unnamed, plain)), **{name: declared.plain(each) for name, each in row["named"].items()}}


def _sampler(given: Fields, declared: Declared) -> Sampler:
    algo, findings = given.raw("algo"), given.findings
    if algo is None:
        return Sampler("tpe")
    name = algo["name"] if _kind(algo) == "marker" else ""
    if name not in _SAMPLERS:
        findings.refuse(
            "algo", f"It is tpe.suggest or rand.suggest, but got {name or _said(algo)}. Write algo=tpe.suggest."
        )
        return Sampler("tpe")
    options = {}
    for option, value in _named(declared, algo).items():
        if name == "tpe.suggest" and option in _TPE:
            options[_TPE[option]] = value
        elif option in ("gamma", "prior_weight", "linear_forgetting"):
            why = f"TPE has its own {option} here, and {_said(value)} is not used."
            findings.differs(f"algo.{option}", why, "study.sampler")
        elif option != "verbose":
            findings.unknown(f"algo.{option}", [*_TPE, "gamma", "prior_weight", "linear_forgetting", "verbose"])
    for option, value in options.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            theirs = next(each for each, ours in _TPE.items() if ours == option)
            findings.refuse(
                f"algo.{theirs}", f"It is a whole number of 1 or more, but got {_said(value)}. Write {theirs}=20."
            )
            return Sampler("tpe")
    return Sampler(_SAMPLERS[name], **options)


def _trials(given: Fields, declared: Declared) -> dict[str, Any]:
    """Return what the place of the trials says: Spark's has how many run at once."""
    trials = given.raw("trials")
    if trials is None:
        return {}
    name = trials["name"] if _kind(trials) == "marker" else _said(trials)
    if name != "SparkTrials":
        given.findings.left_out("trials", f"Trials are kept in Airflow's database, and not in {name}.", "study")
        return {}
    inner = Fields(_named(declared, trials, *_SPARK[:3]), "trials", given.findings)
    inner.left_out("spark_session", "Trials are tasks of Airflow.", "study")
    inner.left_out("resource_profile", "Trials are tasks of Airflow.", "study")
    found: dict[str, Any] = {"parallelism": inner.whole("parallelism", 1), "goal": inner.number("loss_threshold")}
    if (seconds := inner.number("timeout")) is not None:
        found["timeout"] = seconds
    inner.close()
    return {name: value for name, value in found.items() if value is not None}


def _patience(given: Fields, declared: Declared) -> dict[str, Any]:
    stop, findings = given.raw("early_stop_fn"), given.findings
    if stop is None:
        return {}
    if _kind(stop) != "marker" or stop["name"] != "no_progress_loss":
        findings.refuse(
            "early_stop_fn",
            f"It is no_progress_loss(...), but got {_said(stop)}. Write no_progress_loss(25), or leave it out.",
        )
        return {}
    inner = Fields(_named(declared, stop, "iteration_stop_count", "percent_increase"), "early_stop_fn", findings)
    if inner.number("percent_increase"):
        findings.differs(
            inner.at("percent_increase"),
            "Any better trial begins the count again, however little better.",
            "study.patience",
        )
    count = inner.whole("iteration_stop_count", 1)
    inner.close()
    return {"patience": 20 if count is None else count}


def _points(given: Fields, space: Space) -> list[dict[str, Any]]:
    """Return the points to try first; Hyperopt has the position of a choice instead of its value."""
    points = given.raw("points_to_evaluate")
    if points is None:
        return []
    if not isinstance(points, list) or not all(isinstance(each, Mapping) for each in points):
        given.findings.refuse(
            "points_to_evaluate", f"It is a list of points, but got {_said(points)}. Write [{{'x': 0.5}}]."
        )
        return []
    return [_point(given.findings, space, each) for each in points]


def _point(findings: Findings, space: Space, point: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    by_label = space.by_label()
    for label, value in point.items():
        place = by_label.get(label)
        if place is None:
            if not findings.refusals:
                findings.unknown(f"points_to_evaluate.{label}", [*by_label])
            continue
        if space.row(place)["kind"] == "choice":
            choices = space.choices(place)
            if not isinstance(value, int | float) or value not in range(len(choices)):
                why = f"It is the position of a choice, 0 to {len(choices) - 1}, but got {_said(value)}. Write 0 for the first."
                findings.refuse(f"points_to_evaluate.{label}", why)
                continue
            found[space.names[place]] = choices[int(value)]
        else:
            is_whole = space.is_int(place) and isinstance(value, float) and value.is_integer()
            found[space.names[place]] = int(value) if is_whole else value
    return found


def _said(value: Any) -> str:
    return (
        str(value["name"]) if isinstance(value, Mapping) and "kind" in value and "name" in value else brief_repr(value)
    )
