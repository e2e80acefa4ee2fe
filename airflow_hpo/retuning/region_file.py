"""One region's YAML: what it may have, what that means in Python, and in which line a mistake is."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from airflow.sdk import BaseNotifier

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.offset import offset_of
from airflow_hpo.core.window import Window
from airflow_hpo.core.yaml_document import dump, lines_of, load, problem_of
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.notifications.hpo import HpoNotifier
from airflow_hpo.retuning.approval import Approval
from airflow_hpo.retuning.dag import retuning_dag
from airflow_hpo.task_groups.backends import ProcessTrial
from airflow_hpo.task_groups.jobs import JobTrial
from airflow_hpo.task_groups.pods import PodTrial

TRIALS: Mapping[str, Callable[..., Any]] = {"process": ProcessTrial, "pod": PodTrial, "job": JobTrial}
_ONLY_PYTHON = {"qa", "default_args", "dag_arguments"}
_OF_THE_DAG = ["params", "tags", "description"]
KEYS = [name for name in inspect.signature(retuning_dag).parameters if name not in _ONLY_PYTHON] + _OF_THE_DAG
_WRITE = re.compile(r"Write (\w+)=(.+?)(, or [^']*)?\.$")


class RegionFile:
    """A region's file, read once."""

    def __init__(self, path: Path, shown: str) -> None:
        self.path, self.shown = path, shown
        self.lines: dict[tuple[str, ...], int] = {}

    def arguments(self, shared: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of :func:`retuning_dag` that the file has; ``study`` as plain data.

        Of a rule, an approval and a notification the file has the fields that differ from those that are shared.
        """
        with self.located():
            data = self._data()
            for name in data:
                if name not in KEYS:
                    hint = nearest(str(name), KEYS) or f" It takes {', '.join(sorted(KEYS))}."
                    raise DeclarationError(f"A region's file has no {name!r}.{hint}")
        found = {}
        for name, value in data.items():
            with self.located(name):
                if value is None:
                    what = "`approval: false`, which promotes without asking," if name == "approval" else "a value"
                    raise DeclarationError(f"`{name}` has no value. Write {what} or leave the line out.")
                found[name] = _read(name, value, shared.get(name))
        return found

    @contextmanager
    def located(self, *section: str) -> Iterator[None]:
        """Say of a mistake in which line of the file it is, as far as the sentence names a key."""
        try:
            yield
        except Exception as err:  # whatever Airflow makes of an argument: other regions go on
            said = str(err) if isinstance(err, DeclarationError) else f"{type(err).__name__}: {err}"
            line = self._line_of(said, section)
            raise DeclarationError(f"{self.shown}{f', line {line}' if line else ''}: {_in_yaml(said)}") from err

    def _data(self) -> dict[str, Any]:
        try:
            text = self.path.read_text(encoding="utf-8")
            data, self.lines = load(text), lines_of(text)
        except (OSError, UnicodeDecodeError) as err:
            raise DeclarationError(f"A region's file must be readable, but got {err}. Mend the file.") from None
        except yaml.YAMLError as err:
            raise DeclarationError(
                f"A region's file must be YAML, but got {problem_of(err)}. Mend that line."
            ) from None
        if not isinstance(data, dict):
            raise DeclarationError(
                f"A region's file is a mapping of what is its own, but got {brief_repr(data)}. Write `study: {{...}}`."
            )
        return data

    def _line_of(self, sentence: str, section: tuple[str, ...]) -> int | None:
        """Return the line of the deepest key that the sentence names, of keys in the section."""
        inside = [path for path in self.lines if path[: len(section)] == section and len(path) > len(section)]
        quoted = [path for path in inside if re.search(rf"[`'\[]{re.escape(path[-1])}['`\]]", sentence)]
        spoken = [path for path in inside if len(path) == 1 and re.search(rf"\b{re.escape(path[-1])}\b", sentence)]
        best = max(quoted, key=len, default=next(iter(spoken), section))
        return self.lines.get(best)


def _in_yaml(sentence: str) -> str:
    """Return a sentence with its remedy in YAML where that is one argument with a plain value."""
    found = _WRITE.search(sentence)
    if not found:
        return sentence
    try:
        value = dump({found[1]: ast.literal_eval(found[2])}).strip()
    except (ValueError, SyntaxError):
        return sentence
    return sentence if "\n" in value else f"{sentence[: found.start()]}Write `{value}`{found[3] or ''}."


def _trial(given: Any) -> Any:
    kinds = list(TRIALS)
    if not isinstance(given, dict) or len(given) != 1 or next(iter(given)) not in kinds:
        raise DeclarationError(
            f"What runs a trial is one of {', '.join(kinds)} with its arguments, but got {brief_repr(given)}. "
            "Write `trial: {pod: {image: ...}}`."
        )
    [(kind, arguments)] = given.items()
    if not isinstance(arguments, dict):
        raise DeclarationError(
            f"A {kind!r} has arguments by name, but got {brief_repr(arguments)}. Write `trial: {{{kind}: {{...}}}}`."
        )
    try:
        return TRIALS[kind](**arguments)
    except TypeError as err:
        raise DeclarationError(f"`trial` cannot be made of these arguments: {err}. Mend {kind!r}.") from None


def _window(given: Any) -> Window:
    ends = given if isinstance(given, list) else [given]
    if len(ends) not in (1, 2) or not all(isinstance(end, str) for end in ends):
        raise DeclarationError(
            f"A window is '-8w' or ['-20w', '-8w'], but got {brief_repr(given)}. Write `['-20w', '-8w']`."
        )
    return Window(*ends)


def _tuning(given: Any) -> Window | list[Window]:
    several = isinstance(given, list) and any(isinstance(each, list) for each in given)
    return [_window(each) for each in given] if several else _window(given)


def _rule(given: Any, shared: ComparisonRule | None) -> ComparisonRule:
    own = given if isinstance(given, dict) and shared else {}
    return ComparisonRule.from_dict({**shared.to_dict(), **own} if shared and own else given)


def _approval(given: Any, shared: Approval | None) -> Approval | None:
    if given is False:
        return None
    known = ["within", "otherwise", "users"]
    if not isinstance(given, dict) or not given.keys() <= set(known):
        raise DeclarationError(
            f"An approval has {', '.join(known)}, but got {brief_repr(given)}. Write `approval: {{within: 7d}}`, or "
            "`approval: false`, which promotes without asking."
        )
    try:
        within = {"within": offset_of(given["within"])} if "within" in given else {}
    except ValueError:
        raise DeclarationError(
            f"`within` is a length of time, but got {given['within']!r}. Write `within: 7d`."
        ) from None
    return replace(shared or Approval(), **{**given, **within})


def _notifier(given: Any, shared: HpoNotifier | None) -> HpoNotifier | None:
    if given is False:
        return None
    if not isinstance(given, dict) or not given.keys() <= {"via", "events"}:
        raise DeclarationError(
            f"A notification has via and events, but got {brief_repr(given)}. Write `notify: {{events: [promoted, failed]}}`."
        )
    via = given.get("via", {})
    if not isinstance(via, dict) or not all(isinstance(arguments, dict) for arguments in via.values()):
        raise DeclarationError(
            f"`via` names classes of notifiers with their arguments, but got {brief_repr(via)}. "
            'Write `via: {my_company.Pager: {text: "{{ hpo.text }}"}}`.'
        )
    sent = [_made(path, arguments) for path, arguments in via.items()] or (shared.via if shared else [])
    return HpoNotifier(sent, events=given.get("events", shared.events if shared else None))


def _made(path: str, arguments: dict[str, Any]) -> BaseNotifier:
    try:
        module, _, name = path.rpartition(".")
        kind = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as err:
        raise DeclarationError(
            f"`via` names a class that can be imported, but got {path!r}: {err}. Correct it."
        ) from None
    if not isinstance(kind, type) or not issubclass(kind, BaseNotifier):
        raise DeclarationError(f"`via` names a class of notifiers, but got {path!r}. Name a subclass of BaseNotifier.")
    try:
        return kind(**arguments)
    except TypeError as err:
        raise DeclarationError(f"`via` cannot make {path!r} of these arguments: {err}. Mend them.") from None


def _moment(given: Any) -> datetime:
    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=UTC)
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day, tzinfo=UTC)
    raise DeclarationError(f"`start_date` is a date, but got {given!r}. Write `start_date: 2026-01-01`.")


_WHOLE: Mapping[str, Callable[[Any], Any]] = {
    "trial": _trial,
    "tuning": _tuning,
    "test": _window,
    "validation": _window,
    "start_date": _moment,
}
_BY_FIELD: Mapping[str, Callable[[Any, Any], Any]] = {"rule": _rule, "approval": _approval, "notify": _notifier}


def _read(name: str, value: Any, shared: Any) -> Any:
    if name in _BY_FIELD:
        return _BY_FIELD[name](value, shared)
    return _WHOLE[name](value) if name in _WHOLE else value
