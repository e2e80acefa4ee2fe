"""Tasks before a task, found in the DAG itself: its code says which they are, and no state or XCom does."""

from typing import Any


def tasks_of_kind_before(task: Any, kind: type, until: type | tuple[type, ...] = ()) -> list[Any]:
    """Return the tasks of a kind before a task, the nearest first; nothing is looked for beyond tasks of other kinds."""
    found: list[Any] = []
    seen, level = set(), _before(task)
    while level:
        later = []
        for each in level:
            if each.task_id in seen:
                continue
            seen.add(each.task_id)
            if _is(each, kind):
                found.append(each)
            if not (until and _is(each, until)):
                later += _before(each)
        level = later
    return found


def _before(task: Any) -> list[Any]:
    return list(task.upstream_list) if task.get_dag() is not None else []


def _is(task: Any, kind: type | tuple[type, ...]) -> bool:
    # A mapped task has the class of what it becomes.
    made = getattr(task, "operator_class", type(task))
    return isinstance(made, type) and issubclass(made, kind)
