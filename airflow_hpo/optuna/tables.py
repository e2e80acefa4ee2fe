"""Optuna's tables as far as we read and write them ourselves, which is many times faster than through its ORM."""

from sqlalchemy import Column, DateTime, Enum, Float, Integer, MetaData, String, Table, Text, column, table
from sqlalchemy.sql.expression import TableClause

from airflow_hpo.core.trial import TrialState

STATE = Enum(*(state.name for state in TrialState), name="trialstate")
VALUE_TYPE = Enum("FINITE", "INF_POS", "INF_NEG", name="trialvaluetype")
INTERMEDIATE_TYPE = Enum("FINITE", "INF_POS", "INF_NEG", "NAN", name="trialintermediatevaluetype")

studies = table("studies", column("study_id", Integer), column("study_name", String))
study_directions = table(
    "study_directions",
    column("study_id", Integer),
    column("objective", Integer),
    column("direction", Enum("NOT_SET", "MINIMIZE", "MAXIMIZE", name="studydirection")),
)
# With its key, so that an insert returns it on every database.
trials = Table(
    "trials",
    MetaData(),
    Column("trial_id", Integer, primary_key=True),
    Column("number", Integer),
    Column("study_id", Integer),
    Column("state", STATE),
    Column("datetime_start", DateTime),
    Column("datetime_complete", DateTime),
)
trial_params = table(
    "trial_params",
    column("param_id", Integer),
    column("trial_id", Integer),
    column("param_name", String),
    column("param_value", Float(53)),
    column("distribution_json", Text),
)
trial_values = table(
    "trial_values",
    column("trial_value_id", Integer),
    column("trial_id", Integer),
    column("objective", Integer),
    column("value", Float(53)),
    column("value_type", VALUE_TYPE),
)
trial_intermediate_values = table(
    "trial_intermediate_values",
    column("trial_intermediate_value_id", Integer),
    column("trial_id", Integer),
    column("step", Integer),
    column("intermediate_value", Float(53)),
    column("intermediate_value_type", INTERMEDIATE_TYPE),
)
trial_heartbeats = table("trial_heartbeats", column("trial_heartbeat_id", Integer), column("trial_id", Integer))


def _attributes(owner: str) -> TableClause:
    return table(
        f"{owner}_attributes",
        column(f"{owner}_attribute_id", Integer),
        column(f"{owner.partition('_')[0]}_id", Integer),
        column("key", String),
        column("value_json", Text),
    )


study_user_attributes = _attributes("study_user")
study_system_attributes = _attributes("study_system")
trial_user_attributes = _attributes("trial_user")
trial_system_attributes = _attributes("trial_system")
