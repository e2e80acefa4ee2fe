"""Test of a pod trial: may its task end in the triggerer without a worker?"""

from typing import Any

from airflow.sdk.listener import get_listener_manager


def may_end_in_triggerer(operator: Any) -> bool:
    """Say whether nothing but the trial itself waits for the end of its task.

    Callbacks, outlets, hooks and listeners run in workers only. Without any of them the triggerer tells the study, pushes the
    result and deletes the pod: that saves a process, and Airflow cannot take a task for lost that does not resume.
    """
    waiting = (
        operator.on_success_callback,
        operator.outlets,
        operator.callbacks,
        operator._post_execute_hook,  # noqa: SLF001 - the argument post_execute, which Airflow keeps under this name alone
        get_listener_manager().hook.on_task_instance_success.get_hookimpls(),
    )
    return not operator.keeps_pods and not any(waiting)
