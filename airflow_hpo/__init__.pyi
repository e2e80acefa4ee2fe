"""Public names and the modules that define them: type checkers read this file, and ``__init__.py`` loads names by it."""

from airflow_hpo.comparison.error_budget import ErrorBudget as ErrorBudget
from airflow_hpo.comparison.rule import ComparisonRule as ComparisonRule, Guardrail as Guardrail
from airflow_hpo.core.algorithms import Pruner as Pruner, Sampler as Sampler
from airflow_hpo.core.evaluation import Candidate as Candidate, Scenario as Scenario, folds as folds
from airflow_hpo.core.metric_constraint import MetricConstraint as MetricConstraint
from airflow_hpo.core.metrics.source import File as File, Stdout as Stdout, TerminationMessage as TerminationMessage
from airflow_hpo.core.objective import Objective as Objective
from airflow_hpo.core.space.condition import Between as Between
from airflow_hpo.core.space.normal import LogNormal as LogNormal, Normal as Normal
from airflow_hpo.core.space.space import Categorical as Categorical, Float as Float, Int as Int
from airflow_hpo.core.stop_rule import StudyProgress as StudyProgress
from airflow_hpo.core.study import Study as Study
from airflow_hpo.core.warm_start import WarmStart as WarmStart
from airflow_hpo.core.window import Period as Period, Window as Window
from airflow_hpo.exceptions import (
    HpoError as HpoError,
    TrialFailedError as TrialFailedError,
    TrialPruned as TrialPruned,
)
from airflow_hpo.hooks.hpo import HpoHook as HpoHook
from airflow_hpo.hooks.parameter_set_asset import parameter_set_asset as parameter_set_asset
from airflow_hpo.importers.hyperopt.reader import from_hyperopt as from_hyperopt
from airflow_hpo.importers.katib.experiment import from_katib as from_katib
from airflow_hpo.importers.optuna.reader import from_optuna as from_optuna
from airflow_hpo.importers.ray.reader import from_ray as from_ray
from airflow_hpo.importers.sklearn.reader import from_sklearn as from_sklearn
from airflow_hpo.importers.trainer.optimization_job import from_trainer as from_trainer
from airflow_hpo.importers.wandb.sweep import from_wandb as from_wandb
from airflow_hpo.notifications.hpo import HpoNotifier as HpoNotifier
from airflow_hpo.operators.approval import PromotionApprovalOperator as PromotionApprovalOperator
from airflow_hpo.operators.comparison import (
    CompareOperator as CompareOperator,
    DecisionBranchOperator as DecisionBranchOperator,
)
from airflow_hpo.operators.evaluation import (
    EvaluationCollectOperator as EvaluationCollectOperator,
    EvaluationPlanOperator as EvaluationPlanOperator,
)
from airflow_hpo.operators.function import TrialPythonOperator as TrialPythonOperator
from airflow_hpo.operators.job import TrialJobOperator as TrialJobOperator
from airflow_hpo.operators.pod import TrialPodOperator as TrialPodOperator
from airflow_hpo.operators.process import TrialProcessOperator as TrialProcessOperator
from airflow_hpo.operators.promotion import (
    PromoteOperator as PromoteOperator,
    RollbackOperator as RollbackOperator,
)
from airflow_hpo.operators.scenarios import ScenariosOperator as ScenariosOperator
from airflow_hpo.operators.selection import (
    SelectCandidatesOperator as SelectCandidatesOperator,
    SelectChallengerOperator as SelectChallengerOperator,
)
from airflow_hpo.operators.study import (
    StudyFinishOperator as StudyFinishOperator,
    StudyStartOperator as StudyStartOperator,
    StudySuggestOperator as StudySuggestOperator,
)
from airflow_hpo.operators.study_asset import study_asset as study_asset
from airflow_hpo.retuning.approval import Approval as Approval
from airflow_hpo.retuning.dag import retuning_dag as retuning_dag
from airflow_hpo.retuning.regions import retuning_dags as retuning_dags
from airflow_hpo.sensors.study import StudySensor as StudySensor
from airflow_hpo.task_groups.backends import ProcessTrial as ProcessTrial, PythonTrial as PythonTrial
from airflow_hpo.task_groups.compare import CompareTaskGroup as CompareTaskGroup
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup as EvaluateTaskGroup
from airflow_hpo.task_groups.jobs import JobTrial as JobTrial
from airflow_hpo.task_groups.pipeline import GroupTrial as GroupTrial
from airflow_hpo.task_groups.pods import PodTrial as PodTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup as TuneTaskGroup

__version__: str
