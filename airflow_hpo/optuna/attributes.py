"""Names of the user attributes that we add to Optuna's studies and trials, readable in notebooks and dashboards.

Attributes of trials that have no colon in their name and a number as value are the trial's extra metrics.
"""

PREFIX = "hpo:"

KEY = "hpo:key"
"""What a trial was asked for; unique in its study."""
ORIGIN = "hpo:origin"
"""Where its parameters come from, a value of :class:`airflow_hpo.core.trial.Origin`; absent for the sampler's own."""
SEED = "hpo:seed"
"""Seed for the trial's own randomness."""
REPLACES = "hpo:replaces"
"""Number of the trial that it runs again."""
POINT = "hpo:point"
"""Fingerprint of the given point that it evaluates."""
SOURCE = "hpo:source"
"""Edition and number that a taken over result comes from."""
WORK = "hpo:work"
"""Fingerprint of what was run."""
INVALID = "hpo:invalid"
"""Why a person took the trial's result back, or why an enqueued one is not run; ``StudyReader`` shows a failed trial."""
INFEASIBLE = "constraints:hpo:invalid"
"""Of Optuna's system attributes: a constraint that such a trial violates, so that Optuna's own best is another one."""
REPLACED = "constraints:hpo:replaced"
"""The same of a trial with a result that another one runs again."""

RUNG = "completed_rung_"
"""Beginning of the system attributes in which Optuna's pruners keep the rungs that a trial has reached."""

SEARCH = "hpo:search"
"""Of a study: fingerprint of its space and objective."""
SPACE = "hpo:space"
"""Of a study: its space as declared."""
OBJECTIVE = "hpo:objective"
"""Of a study: its metric, direction and strategy."""
CHAMPION = "hpo:champion"
"""Of a study: the parameters that production uses, to be evaluated first."""
WARM_POINTS = "hpo:warm_points"
"""Of a study: best points of earlier editions, to be evaluated first."""

METRIC_NAMES = "study:metric_names"
"""Optuna's own system attribute that names the objective in plots and dashboards."""
