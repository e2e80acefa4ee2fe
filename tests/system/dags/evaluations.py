"""Evaluations for the system tests: on every backend of one machine, with failures, and with what is not wanted."""

import os
import sys
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, task

from airflow_hpo import (
    Candidate,
    Categorical,
    EvaluateTaskGroup,
    Float,
    GroupTrial,
    Objective,
    ProcessTrial,
    PythonTrial,
    Scenario,
    Study,
    TuneTaskGroup,
    Window,
)

MARKS = Path(os.environ["AIRFLOW_HOME"]) / "marks"
STUDY = Study(
    name="weather",
    objective=Objective("loss", goal=0.0, extra_metrics=["seed"]),
    space={"x": Float(-1.0, 1.0), "text": Categorical(["{{ x }}", "plain"])},
    max_trials=2,
    parallelism=2,
)
# A study belongs to one DAG.
TUNED, GROUPED, IN_VAIN = (
    STUDY.model_copy(update={"name": f"weather_{name}"}) for name in ("tuned", "groups", "in_vain")
)
CANDIDATES = [
    Candidate("trial 3", {"x": 0.25, "text": "{{ x }}"}, study="weather@elsewhere", number=3),
    Candidate("champion", {"x": 0.5, "text": "plain"}),
]
PROGRAM = """
import os, pathlib, sys
text, scenario, calm, start, marks = sys.argv[1:]
told = os.environ
assert text == told["HPO_PARAM_TEXT"] and scenario == told["HPO_SCENARIO"] and calm == told["HPO_SCENARIO_CALM"]
assert start == told["HPO_PERIOD_START"] and told["HPO_VARIANT"] == ""
over = (pathlib.Path(marks) / "storm-is-over").exists()
if told["HPO_CANDIDATE"] == "trial 3" and scenario == "storm" and not over:
    sys.exit("the boat has sunk")
print(f"seed={told['HPO_SEED']}")
print(f"loss={told['HPO_PARAM_X']}")
"""


def calm_or_not(trial):
    """Tune without a scenario, evaluate with one."""
    assert trial.period.end - trial.period.start == timedelta(days=30)
    if trial.scenario is None:
        assert trial.candidate is None
        return {"loss": trial.params["x"] ** 2 + 1.0, "seed": trial.seed}
    return {"loss": trial.params["x"] + trial.scenario.values["waves"] + trial.replicate, "seed": trial.seed}


def hopeless(trial):
    """Fail."""
    raise ValueError("nothing works")


def sailing(trial):
    """An evaluation of two tasks."""

    @task
    def leave(scenario: dict, period: dict) -> float:
        assert period["start"] < period["end"]
        return float(scenario["values"]["waves"])

    @task
    def arrive(waves: float, x: float, variant: str, replicate: int, seed: int) -> dict:
        return {"loss": x + waves + replicate + (10 if variant == "night" else 0), "seed": seed}

    waves = leave(trial.scenario, trial.period)
    return arrive(waves, trial.params.x, trial.variant, trial.replicate, trial.seed)


with DAG("evaluate_programs", schedule=None, catchup=False):

    @task(retries=2, retry_delay=timedelta(seconds=1))
    def forecasts():
        """Another forecast once there is one."""
        names = ["storm", "sun"] if not (MARKS / "fog").exists() else ["storm", "sun", "fog"]
        return [Scenario(name, {"calm": name == "sun"}).to_dict() for name in names]

    EvaluateTaskGroup(
        "validate",
        study=STUDY,
        candidates=CANDIDATES,
        scenarios=forecasts(),
        window=Window("-60d", "-30d"),
        trial=ProcessTrial(
            [
                sys.executable,
                "-c",
                PROGRAM,
                "{{ trial.params.text }}",
                "{{ trial.scenario.name }}",
                "{{ trial.scenario.values.calm | lower }}",
                "{{ trial.period.start.isoformat() }}",
                str(MARKS),
            ],
            retry_delay=timedelta(seconds=1),
        ),
    )

with DAG("evaluate_tuned", schedule=None, catchup=False):

    @task(retries=2, retry_delay=timedelta(seconds=1))
    def best_and_champion(best: dict):
        """What the study found, and what production uses."""
        found = Candidate(f"trial {best['number']}", best["params"], study=best["edition"], number=best["number"])
        return [found.to_dict(), CANDIDATES[1].to_dict()]

    tuned = TuneTaskGroup(study=TUNED, trial=PythonTrial(calm_or_not), window=Window("-60d", "-30d"))
    EvaluateTaskGroup(
        "validate",
        study=TUNED,
        candidates=best_and_champion(tuned.output),
        scenarios=[Scenario("swell", {"waves": 2}), Scenario("chop", {"waves": 1})],
        replicates=2,
        first_replicate=3,
        window=Window("-30d"),
        trial=PythonTrial(calm_or_not),
    )

with DAG("evaluate_groups", schedule=None, catchup=False):

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def no():
        """Want nothing more."""
        return False

    sailed = EvaluateTaskGroup(
        "sail",
        study=GROUPED,
        candidates=CANDIDATES,
        scenarios=[Scenario("swell", {"waves": 2})],
        variants=["day", "night"],
        window=Window("-30d"),
        trial=GroupTrial(sailing),
    )
    unwanted = EvaluateTaskGroup(
        "again", study=GROUPED, candidates=CANDIDATES, scenarios=["swell"], trial=PythonTrial(hopeless), look=2
    )
    sailed >> no() >> unwanted

with DAG("evaluate_in_vain", schedule=None, catchup=False):
    EvaluateTaskGroup(
        "validate",
        study=IN_VAIN,
        candidates=CANDIDATES[1:],
        scenarios=["any"],
        trial=PythonTrial(hopeless, retry_delay=timedelta(seconds=1)),
    )
