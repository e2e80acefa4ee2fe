"""Decisions for the system tests: promote, keep and inconclusive, approved, refused and not answered."""

from datetime import timedelta

from airflow.sdk import DAG, task

from airflow_hpo import Float, Objective, PythonTrial, Study, TuneTaskGroup
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.notifications.hpo import HpoNotifier
from airflow_hpo.operators.approval import PromotionApprovalOperator
from airflow_hpo.operators.comparison import DecisionBranchOperator
from airflow_hpo.operators.promotion import PromoteOperator
from airflow_hpo.operators.selection import SelectCandidatesOperator, SelectChallengerOperator
from airflow_hpo.task_groups.compare import CompareTaskGroup
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup

DAYS = [f"day {i}" for i in range(6)]
QUICKLY = {"retries": 2, "retry_delay": timedelta(seconds=1)}


def study(name):
    """A study of one parameter, of which less is better."""
    return Study(
        name=name, objective=Objective("loss"), space={"x": Float(0.1, 1.0)}, max_trials=3, parallelism=3, seed=1
    )


def cost(trial):
    """Less is better, and on harder days more so."""
    day = int(trial.scenario.name.split()[1]) if trial.scenario else 0
    return trial.params["x"] * (1 + day / 10) + day


def luck(trial):
    """What is better on one day is worse on the next, and the other way round when it is repeated."""
    day, x = int(trial.scenario.name.split()[1]), trial.params["x"]
    return (x + x * x * day) * (-1) ** (day + trial.replicate)


def decided(comparison):
    """One task for each verdict."""

    @task
    def kept():
        """Nothing changes."""

    @task
    def undecided():
        """Nothing changes, for lack of evidence."""

    decide = DecisionBranchOperator(
        task_id="decide", comparison=comparison, if_promote="approve", if_keep="kept", if_inconclusive="undecided"
    )
    decide >> [kept(), undecided()]
    return decide


def by_hand(name, champion, trial, rule, **approval):
    """A comparison of given candidates, without tuning."""
    with DAG(f"decide_{name}", schedule=None, catchup=False):
        candidates = [
            Candidate("trial 1", {"x": 0.2}, study=f"{name}@r", number=1),
            Candidate("champion", {"x": champion}, parameter_set=f"demo/{name}", version=1),
        ]
        compared = CompareTaskGroup(
            study=study(name), candidates=candidates, scenarios=DAYS, trial=PythonTrial(trial, **QUICKLY), rule=rule
        )
        approve = PromotionApprovalOperator(task_id="approve", comparison=compared.output, **approval)

        @task
        def promoted(approval):
            """What would be promoted, by whom."""
            return approval["approved_by"]

        decided(compared.output) >> approve
        promoted(approve.output)


by_hand("keep", 0.1, cost, ComparisonRule())
by_hand("luck", 0.3, luck, ComparisonRule(looks=2, spending="pocock"))
by_hand("refused", 0.9, cost, ComparisonRule())
by_hand("silence", 0.9, cost, ComparisonRule(), response_timeout=timedelta(seconds=10))

with DAG("decide_whole", schedule=None, catchup=False):
    STUDY, TRIAL = study("whole"), PythonTrial(cost, **QUICKLY)
    tuned = TuneTaskGroup(study=STUDY, trial=TRIAL)
    finalists = SelectCandidatesOperator(task_id="finalists", study=STUDY, k=2, parameter_set="demo/whole")
    validated = EvaluateTaskGroup("validate", study=STUDY, candidates=finalists.output, scenarios=DAYS[:2], trial=TRIAL)
    challenger = SelectChallengerOperator(task_id="challenger", evaluation=validated.output)
    compared = CompareTaskGroup(
        "test",
        study=STUDY,
        candidates=challenger.output,
        scenarios=DAYS,
        trial=TRIAL,
        rule=ComparisonRule(looks=2, spending="pocock"),
        selection=challenger.output["selection"],
        parameter_set="demo/whole",
    )
    approve = PromotionApprovalOperator(task_id="approve", comparison=compared.output, notifiers=[HpoNotifier()])
    promote = PromoteOperator(
        task_id="promote",
        parameter_set="demo/whole",
        comparison=compared.output,
        approved_by=approve.output,
        on_success_callback=HpoNotifier(),
    )
    tuned >> finalists
    decided(compared.output) >> approve >> promote
