"""Context in which templates render to the same text in every try and for every rerun of a trial."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from airflow_hpo.core.described import without_addresses
from airflow_hpo.core.templates import TEMPLATE_ERRORS
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.exceptions import PermanentHpoError

THEN = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for every moment that differs from try to try."""
_STEADY = frozenset({"dag_id", "task_id", "run_id", "map_index", "task", "xcom_pull"})
"""What of a task instance is the same in every try."""
_UNKNOWN = (*TEMPLATE_ERRORS, PermanentHpoError)
"""Errors of a template itself: the same in every try. Errors of what it asks, such as of the API server, pass."""


def steady(context: Mapping[str, Any], request: TrialRequest) -> dict[str, Any]:
    """Return a context in which templates render to the same text in every try and for every rerun of a trial."""
    ti = _Instance(context.get("ti"))
    found: dict[str, Any] = {**context, "trial": TrialView(request), "ti": ti, "task_instance": ti}
    found |= {"try_number": 1, "task_reschedule_count": 0}
    found |= {name: THEN for name in ("prev_start_date_success", "prev_end_date_success") if name in context}
    if "dag_run" in context:
        found["dag_run"] = _Instead(context["dag_run"], _OF_A_RUN)
    if "macros" in context:
        found["macros"] = _Instead(context["macros"], _MACROS)
    return found


def rendered(data: Any, render: Callable[[str], str], *, strict: bool = False) -> Any:
    """Return plain data with its texts rendered; one that cannot be rendered stays as it is, unless that is an error."""
    if isinstance(data, dict):
        return {key: rendered(item, render, strict=strict) for key, item in data.items()}
    if isinstance(data, list):
        return [rendered(item, render, strict=strict) for item in data]
    if not isinstance(data, str) or "{" not in data:
        return data
    try:
        return without_addresses(render(data))
    except _UNKNOWN:
        if strict:
            raise
        return data


class _Instead:
    """An object of Airflow with some attributes in place of its own."""

    def __init__(self, target: Any, instead: Mapping[str, Any]) -> None:
        self.__target, self.__instead = target, instead

    def __getattr__(self, name: str) -> Any:
        return self.__instead[name] if name in self.__instead else getattr(self.__target, name)

    def __str__(self) -> str:
        return ""


class _Instance:
    """A task instance of which only what is the same in every try is its own."""

    def __init__(self, target: Any) -> None:
        self.__target = target

    def __getattr__(self, name: str) -> Any:
        if name in _STEADY:
            return getattr(self.__target, name)
        return _OF_AN_INSTANCE.get(name, _Symbol(name))

    def __str__(self) -> str:
        return "task instance"


_ASKED_BY_JINJA = ("unsafe_callable", "alters_data", "jinja_pass_arg")
"""Attributes that mean something to Jinja wherever they are."""


class _Symbol:
    """Anything of a try: its text is its name, whatever is done with it."""

    def __init__(self, name: str) -> None:
        self.__name = name

    def __getattr__(self, name: str) -> _Symbol:
        if name.startswith("_") or name in _ASKED_BY_JINJA:
            raise AttributeError(name)
        return _Symbol(f"{self.__name}.{name}")

    def __getitem__(self, key: Any) -> _Symbol:
        return _Symbol(f"{self.__name}[{key}]")

    def __call__(self, *arguments: Any, **options: Any) -> _Symbol:
        return _Symbol(f"{self.__name}()")

    def __str__(self) -> str:
        return self.__name

    __repr__ = __str__


class _Clock(datetime):
    """The class ``datetime``, at a moment that does not move."""

    @classmethod
    def now(cls, tz: Any = None) -> _Clock:
        """Return the moment."""
        return cls(THEN.year, THEN.month, THEN.day, tzinfo=tz)

    utcnow = today = now


def _at_then(function: Callable[..., Any], given: int) -> Callable[..., Any]:
    """Return a function of :mod:`time` that takes the moment as now where it is given none."""
    moment: Any = THEN.timestamp() if function in (time.gmtime, time.localtime, time.ctime) else THEN.timetuple()
    return lambda *arguments: function(*arguments, *([moment] if len(arguments) <= given else []))


_TIME = dict.fromkeys(("time", "monotonic", "perf_counter", "process_time", "thread_time"), THEN.timestamp)
_TIME |= {f"{name}_ns": lambda: 0 for name in _TIME}
_TIME |= {name: _at_then(getattr(time, name), 0) for name in ("gmtime", "localtime", "ctime", "asctime")}
_TIME["strftime"] = _at_then(time.strftime, 1)
_MACROS: dict[str, Any] = {
    "datetime": _Clock,
    "time": _Instead(time, _TIME),
    "random": lambda: 0.0,
    "uuid": _Instead(uuid, {name: lambda: uuid.UUID(int=0) for name in ("uuid1", "uuid4")}),
}
_OF_A_RUN: dict[str, Any] = {
    "start_date": THEN,
    "end_date": THEN,
    "queued_at": THEN,
    "updated_at": THEN,
    "last_scheduling_decision": THEN,
    "clear_number": 0,
    "state": "running",
}
_OF_AN_INSTANCE: dict[str, Any] = {
    "try_number": 1,
    "prev_attempted_tries": 0,
    "max_tries": 0,
    "start_date": THEN,
    "end_date": THEN,
    "queued_dttm": THEN,
    "duration": 0.0,
    "pid": 1,
    "hostname": "host",
    "state": "running",
}
