"""Arguments of the tasks that a group adds by itself, and what these and trials take from ``default_args``.

``default_args`` are written for the author's own tasks. Where the tasks of a group took them over, an ``execution_timeout`` of an
hour would end the wait for trials of a day, and the study would end with a part of its budget.
"""

from datetime import timedelta
from typing import Any, NamedTuple

from airflow.sdk import TriggerRule

from airflow_hpo import conf
from airflow_hpo.triggers.study import LONGEST_WAIT

RETRY_DELAY = timedelta(seconds=10)


class Argument(NamedTuple):
    """Value of an argument that is not taken from ``default_args``, and the reason."""

    value: Any
    reason: str


NOT_INHERITED = {
    "trigger_rule": Argument(TriggerRule.ALL_SUCCESS, "the layout of the group depends on it"),
    "depends_on_past": Argument(False, "a trial that was allowed to fail would stop the next run for ever"),
    "wait_for_downstream": Argument(False, "it turns depends_on_past on"),
    "wait_for_past_depends_before_skipping": Argument(False, "batches that are not needed are skipped at once"),
    "ignore_first_depends_on_past": Argument(False, "nothing depends on the past"),
    "retries": Argument(3, "each of these tasks may be repeated at will, and a database may be away for a while"),
    "retry_delay": Argument(RETRY_DELAY, "slots stay free meanwhile"),
    "retry_exponential_backoff": Argument(0, "slots stay free meanwhile"),
    "max_retry_delay": Argument(None, "the delay does not grow"),
    "retry_policy": Argument(None, "it may refuse a retry that is safe"),
    "execution_timeout": Argument(None, "it is meant for work; a study has a timeout of its own"),
    "do_xcom_push": Argument(True, "trials are mapped over what the task before returned"),
    "multiple_outputs": Argument(False, "a list of requests is one output"),
    "render_template_as_native_obj": Argument(False, "the run of an edition is text, also when it looks like a number"),
    "max_active_tis_per_dag": Argument(None, "it is meant for mapped work; runs would wait for each other"),
    "max_active_tis_per_dagrun": Argument(None, "it is meant for mapped work"),
    "pool": Argument(
        "default_pool", "they would hold slots that their trials need; [hpo] bookkeeping_pool names another"
    ),
    "pool_slots": Argument(1, "it is the weight of a trial; these tasks cost nothing"),
    "on_skipped_callback": Argument([], "a batch that is not needed is skipped, which is no news"),
}
"""Arguments of every Airflow task that a group sets for its own tasks, whatever ``default_args`` say."""

SENSOR_NOT_INHERITED = {
    "timeout": Argument(LONGEST_WAIT, "a study may take longer than [sensors] default_timeout"),
    "mode": Argument("reschedule", "under dag.test() the sensor gives way to the trials that it waits for"),
    "soft_fail": Argument(False, "a wait that failed would look like a study that is over"),
    "never_fail": Argument(False, "a wait that failed would look like a study that is over"),
    "silent_fail": Argument(False, "an error is told"),
    "exponential_backoff": Argument(False, "free slots are noticed at once"),
    "max_wait": Argument(None, "the interval does not grow"),
}
"""The same for what only sensors take."""

TRIAL_NOT_INHERITED = (
    "trigger_rule",
    "depends_on_past",
    "wait_for_downstream",
    "wait_for_past_depends_before_skipping",
    "ignore_first_depends_on_past",
)
"""Arguments that trials do not take from ``default_args`` either; their declaration may still set them."""

INHERITED = {
    "owner": "the tasks belong to the author of the DAG",
    **dict.fromkeys(("email", "email_on_retry", "email_on_failure"), "people want to know of these tasks too"),
    **dict.fromkeys(("start_date", "end_date"), "they say when the DAG's tasks exist"),
    **dict.fromkeys(("queue", "executor", "executor_config", "run_as_user"), "where tasks may run"),
    "resources": "what a task may use",
    **dict.fromkeys(("priority_weight", "weight_rule"), "the order among all tasks of an Airflow"),
    **dict.fromkeys(("on_execute_callback", "on_failure_callback"), "people want to know of these tasks too"),
    **dict.fromkeys(("on_success_callback", "on_retry_callback"), "people want to know of these tasks too"),
    **dict.fromkeys(("pre_execute", "post_execute"), "hooks around all tasks of a DAG"),
    **dict.fromkeys(("inlets", "outlets"), "lineage of all tasks of a DAG; the last task names its own"),
    "sla": "Airflow ignores it",
    "params": "what templates and hooks may read",
    **dict.fromkeys(("doc", "doc_md", "doc_json", "doc_yaml", "doc_rst"), "text for people"),
    **dict.fromkeys(("task_display_name", "map_index_template", "logger_name"), "a name for people"),
    "allow_nested_operators": "a check for authors of operators",
}
"""Arguments that tasks of a group take from ``default_args``, each with the reason."""

TRIAL: dict[str, Any] = {name: NOT_INHERITED[name].value for name in TRIAL_NOT_INHERITED}
"""Arguments of trials that are weaker than their declaration and stronger than ``default_args``."""


def bookkeeping(trigger_rule: TriggerRule = TriggerRule.ALL_SUCCESS) -> dict[str, Any]:
    """Return the arguments of a task that a group adds by itself."""
    own = {name: given.value for name, given in NOT_INHERITED.items()}
    return {**own, "pool": conf.bookkeeping_pool(), "trigger_rule": trigger_rule}


def sensor_bookkeeping() -> dict[str, Any]:
    """Return the arguments of a sensor that a group adds by itself."""
    return {**bookkeeping(), **{name: given.value for name, given in SENSOR_NOT_INHERITED.items()}}
