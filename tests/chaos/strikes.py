"""Holds a process of Airflow at a named step until the test has struck: no timing from outside, whatever is killed there.

This half runs inside Airflow. :func:`arm` puts a gate at every step; a process that comes to a gate which the plan names
writes who it is, and waits. The test kills whom it wants (the process, its worker, another component) and opens the gate
for who is left. See :mod:`tests.chaos.kill_striking` for that half.

A plan is a file ``<family>.json`` in the folder that ``HPO_STRIKES`` names: a list of holds, each used once in an edition.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

FOLDER = "HPO_STRIKES"
PATIENCE = 300.0
"""Seconds after which a gate that nobody opens gives up: a test that has died must not leave processes."""

Of = Callable[..., tuple[str, str | None]]
"""From a step's arguments to the edition and the subject: a trial's key, or what a bookkeeping task does."""


@dataclass(frozen=True, slots=True)
class Step:
    """A place in our code where a process can be held.

    :param name: what plans and the docs call it.
    :param place: ``module:attribute`` of the function there.
    :param when: on which side of the function.
    :param of: whose step it is.
    """

    name: str
    place: str
    when: Literal["before", "after"]
    of: Of


@dataclass(frozen=True, slots=True)
class Hold:
    """One entry of a plan: hold the first process that comes to the step.

    :param id: unique in the plan.
    :param step: name of the step.
    :param subject: what the subject must begin with; empty for any.
    """

    id: str
    step: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """A process that is held."""

    id: str
    step: str
    edition: str
    subject: str
    pid: int
    parent: int
    frozen: tuple[int, ...] = ()
    """What it has started, which would go on meanwhile."""

    def thaw(self) -> None:
        """Let go on what is frozen."""
        for pid in self.frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _requested(store: Any, request: Any, *_: Any) -> tuple[str, str | None]:
    return request.study, request.key


def _claimed(store: Any, claimed: Any, *_: Any) -> tuple[str, str | None]:
    return claimed.request.study, claimed.request.key


def _attempted(store: Any, attempt: Any, *_: Any) -> tuple[str, str | None]:
    return attempt.study, None


def _asked(store: Any, name: str, keys: Any, *_: Any) -> tuple[str, str | None]:
    return name, keys[0]


def _told(studies: Any, edition: str, *_: Any) -> tuple[str, str | None]:
    return edition, None


def _suggested(store: Any, name: str, batch: int, *_: Any) -> tuple[str, str | None]:
    return name, f"suggest {batch}"


def _opened(store: Any, study: Any, run: str, *_: Any) -> tuple[str, str | None]:
    return study.edition(run), "start"


def _finished(store: Any, status: Any, *_: Any) -> tuple[str, str | None]:
    return status.edition.name, "end"


TRIAL = "airflow_hpo.trials"
STUDY = "airflow_hpo.operators.study"
OPTUNA = "airflow_hpo.optuna.optuna_studies:OptunaStudies"
TRIGGER = "airflow_hpo.triggers.study:StudyTrigger"

TRIAL_STEPS = (
    Step("before the claim", f"{TRIAL}.claim:claim", "before", _requested),
    Step("after the claim, before the attempt", f"{TRIAL}.claim:claim", "after", _requested),
    Step("attempt begun, program not started", f"{TRIAL}.claim:begin", "after", _claimed),
    Step(
        "while the program runs",
        "airflow_hpo.trials.monitor:TrialMonitor.__call__",
        "before",
        lambda monitor, *_: (monitor._edition, None),
    ),
    Step("program finished, study not told", f"{TRIAL}.run:conclude", "before", _attempted),
    Step("study told, attempt still open", f"{OPTUNA}.tell", "after", _told),
    Step("study told, task not finished", f"{TRIAL}.run:conclude", "after", _attempted),
)
CONTINUOUS_STEPS = (
    Step("before asking for its own trial", f"{TRIAL}.run:ask_for", "before", _asked),
    Step("after asking for its own trial", f"{TRIAL}.run:ask_for", "after", _asked),
    Step(
        "waiting for slots",
        "airflow_hpo.hooks.study_watch:StudyWatch.look",
        "before",
        lambda w, *_: (w.edition, "wait"),
    ),
    Step("slots are free, the wait not ended", f"{TRIGGER}._event", "before", lambda t, *_: (t.edition, t.until)),
)
STUDY_STEPS = (
    Step("before the study is opened", f"{STUDY}:open_edition", "before", _opened),
    Step("Optuna's study made, edition not", f"{OPTUNA}.create", "after", lambda o, edition, *_: (edition, "start")),
    Step("after the study is opened", f"{STUDY}:open_edition", "after", _opened),
    Step("before the first ask", f"{STUDY}:suggest", "before", _suggested),
    Step(
        "between two asks",
        "airflow_hpo.optuna.ask:_created",
        "after",
        lambda database, stored, study, key, *_: (stored.name, f"ask {key}"),
    ),
    Step("all asked, batch not sealed", f"{OPTUNA}.ask", "after", lambda o, edition, *_: (edition, "ask")),
    Step("after the last ask, before its XCom", f"{STUDY}:suggest", "after", _suggested),
    Step("before the summary is written", f"{STUDY}:finish", "before", _finished),
    Step("summary written, task not finished", f"{STUDY}:finish", "after", _finished),
)
STEPS = (*TRIAL_STEPS, *CONTINUOUS_STEPS, *STUDY_STEPS)

_current: str | None = None
_armed: set[Step] = set()


def arm(steps: tuple[Step, ...] = STEPS) -> None:
    """Put a gate at steps, once in a process; its forks have them too.

    :param steps: where.
    """
    for step in steps:
        if step not in _armed:
            _armed.add(step)
            _gate(step)


def _gate(step: Step) -> None:
    module, _, path = step.place.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    inner = getattr(owner, name)

    @functools.wraps(inner)
    def gated(*args: Any, **kwargs: Any) -> Any:
        if step.when == "before":
            _come_to(step, args)
            return inner(*args, **kwargs)
        result = inner(*args, **kwargs)
        _come_to(step, args)
        return result

    setattr(owner, name, gated)


def _come_to(step: Step, args: tuple[Any, ...]) -> None:
    global _current
    edition, subject = step.of(*args)
    if step.place.startswith(TRIAL):
        _current = subject or _current
    subject = subject or _current
    if subject is None or FOLDER not in os.environ:
        return
    folder = Path(os.environ[FOLDER])
    for hold in _plan(folder, edition.partition("@")[0]):
        if hold.step == step.name and subject.startswith(hold.subject) and _taken(folder / edition, hold, subject):
            mine = hold.id, step.name, edition, subject, os.getpid(), os.getppid()
            _hold(folder / edition, Reached(*mine, _frozen()))
            return


def _plan(folder: Path, family: str) -> list[Hold]:
    path = folder / f"{family}.json"
    return [Hold(**entry) for entry in json.loads(path.read_text())] if path.exists() else []


def _taken(folder: Path, hold: Hold, subject: str) -> bool:
    """Say whether this process is the one; a trial is held once, so that its retries suffice."""
    folder.mkdir(parents=True, exist_ok=True)
    held = folder / f"trial {subject.replace('/', '-')}"
    if subject[0].isdigit() and held.exists():
        return False
    try:
        (folder / f"{hold.id}.taken").touch(exist_ok=False)
    except FileExistsError:
        return False
    held.touch()
    return True


def _frozen() -> tuple[int, ...]:
    """Freeze the program that this process runs, if any: it must not end while its task is held."""
    found = psutil.Process().children(recursive=True)
    for process in found:
        process.suspend()
    return tuple(process.pid for process in found)


def _hold(folder: Path, reached: Reached) -> None:
    written = folder / f"{reached.id}.writing"
    written.write_text(json.dumps(asdict(reached)))
    written.rename(folder / f"{reached.id}.reached")
    deadline = time.monotonic() + PATIENCE
    while not (folder / f"{reached.id}.go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    reached.thaw()
