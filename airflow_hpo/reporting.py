"""Parameters and metrics of a trial, for the trainer's own code.

One file without dependencies, for Python 3.8 and later: import it, or copy it into an image that has nothing else.

    from airflow_hpo import reporting

    rate = reporting.param("learning_rate", 0.1)
    for epoch in range(10):
        reporting.report(step=epoch, loss=train(rate))
"""

from __future__ import annotations

import atexit
import contextlib
import json
import operator
import os
import re
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

_NAME = re.compile(r"[^\W\d](?:[A-Za-z0-9_.\-/@:' \u00aa-\U0010ffff]{0,126}[A-Za-z0-9_.\-/@\u00aa-\U0010ffff])?")
_REQUIRED = object()
_SPANS_PAUSE = 1.0
"""Seconds between two lines about spans of one name."""
_spans: dict[str, float] = {}
_due: dict[str, float] = {}
_listeners: list[Callable[[str], None]] = []
_lock = threading.Lock()


def params() -> dict[str, Any]:
    """Return the trial's parameters by name; empty outside of a trial, so that a trainer also runs by hand."""
    values: dict[str, Any] = json.loads(os.environ.get("HPO_PARAMS") or "{}")
    return values


def param(name: str, default: Any = _REQUIRED) -> Any:
    """Return one parameter.

    :param name: as it is called in the search space.
    :param default: what to return when the trial has no such parameter, such as outside of a trial.
    :raises KeyError: when the trial has no such parameter and no default was given.
    """
    values = params()
    if name in values:
        return values[name]
    if default is _REQUIRED:
        raise KeyError(
            f"A parameter without a default must be among those of the trial, but {name!r} is not in {sorted(values)}. "
            "Declare it in the space or give a default."
        )
    return default


def seed() -> int:
    """Return the seed for the trial's own randomness; 0 outside of a trial."""
    return _whole("HPO_SEED") or 0


def trial_number() -> int | None:
    """Return the trial's number in its study; None outside of a trial."""
    return _whole("HPO_TRIAL")


def report(step: int | None = None, **metrics: float) -> None:
    """Print metrics on one line that the study reads, at once and to the last digit.

    :param step: epoch or iteration, 0 or more; None to have the values counted.
    :param metrics: numbers by name; NaN and infinity may be reported. ``**{"val/loss": 0.5}`` for names with a slash.
    :raises ValueError: when a name or the step cannot be read back.
    :raises TypeError: when a value is not a number.
    """
    words = [] if step is None else [f"step={_checked_step(step)}"]
    for name, value in metrics.items():
        name = unicodedata.normalize("NFC", name)
        if not _NAME.fullmatch(name) or not all(map(_may_be_in_a_name, name)):
            raise ValueError(
                "A metric's name starts with a letter or underscore, then letters, digits, blanks and \"_ . - / @ : '\", 128 at "
                f"most, but got {name!r}. Rename it."
            )
        words.append(f"{name}={_number(name, value)!r}")
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Print a note that is kept with the attempt, such as what was odd about its data.

    The first 20 different notes are kept, 500 characters of each. ``airflow hpo trials show`` and exports show them.

    :param text: one line; more are joined.
    """
    _remark("note", text)


def link(title: str, url: str) -> None:
    """Print a link that is kept with the attempt, such as one to a table, a model or a picture.

    The first 10 are kept.

    :param title: what is behind it, 100 characters at most.
    :param url: an address that begins with ``https://`` or ``http://``, without a user, 1,000 characters at most.
    :raises ValueError: when the address begins with something else.
    """
    if not url.lower().startswith(("https://", "http://")) or any(map(str.isspace, url)):
        raise ValueError(f"A link begins with https:// or http:// and has no blanks, but got {url!r}. Correct it.")
    _remark("link", f"{url} {title}")


@contextlib.contextmanager
def span(name: str) -> Iterator[None]:
    """Measure how long a part of the program takes; of all spans of a name the sum is kept with the attempt.

    ::

        with reporting.span("query"):
            rows = ask(database)

    ``airflow hpo studies why`` names a span that takes longer the more trials run at once. Short spans are printed together, once a
    second.

    :param name: 60 characters at most; the first 20 names are kept.
    """
    begun = time.monotonic()
    try:
        yield
    finally:
        with _lock:
            _spans[name] = _spans.get(name, 0.0) + time.monotonic() - begun
            due = time.monotonic() >= _due.get(name, 0.0)
        if due:
            _flush(name)


@contextlib.contextmanager
def heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Give the lines of remarks to a listener as well; for what runs a program as a function of its own process.

    :param listener: takes one line.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _flush()
        _listeners.remove(listener)


def _flush(*names: str) -> None:
    """Print the sums of spans that were not printed yet."""
    for name in names or tuple(_spans):
        with _lock:
            seconds = _spans.pop(name, None)
            _due[name] = time.monotonic() + _SPANS_PAUSE
        if seconds is not None:
            _remark("span", f"{seconds:.6f} {name}")


def _remark(kind: str, text: str) -> None:
    line = f"hpo::{kind} {' '.join(str(text).split())}"
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    for listener in _listeners:
        listener(line)


def _may_be_in_a_name(character: str) -> bool:
    """Say whether a character is ASCII, which has a rule of its own, or a letter, its sign or a digit."""
    return character < "\x80" or unicodedata.category(character)[0] in "LMN"


def _number(name: str, value: Any) -> float:
    if isinstance(value, (str, bytes, bool)) or not hasattr(type(value), "__float__"):
        raise TypeError(f"A metric must be a number, but {name} is {value!r}. Convert it.")
    return float(value)


def _checked_step(step: Any) -> int:
    if isinstance(step, bool) or not hasattr(type(step), "__index__") or not 0 <= step < 2**31:
        raise ValueError(f"A step is a whole number from 0 to 2**31 - 1, but got {step!r}. Report step=0, 1, 2 ...")
    return operator.index(step)


def _whole(name: str) -> int | None:
    text = os.environ.get(name, "")
    return int(text) if text.isdigit() else None


def _begin_anew() -> None:
    """Forget in a process that was forked what its parent prints."""
    global _lock
    _lock = threading.Lock()
    _spans.clear()


atexit.register(_flush)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
