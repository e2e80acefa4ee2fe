"""Process of a trial's program: its output while it runs, its metrics, and its end."""

import contextlib
import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from airflow_hpo.core.environment import unbuffered
from airflow_hpo.core.masking import masked
from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.measurement import SHOWN_LENGTH
from airflow_hpo.core.metrics.point import Report
from airflow_hpo.core.metrics.source import MetricSource, Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import TAIL_LINES, Outcome, last_lines
from airflow_hpo.core.silence import silence_failure
from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import DeclarationError, TrialFailedError
from airflow_hpo.runners.metric_inputs import Input, input_for
from airflow_hpo.runners.supervised_program import SupervisedProgram

CHUNK = 65536
LAST_CHUNKS = 64

End = Literal["pruned", "killed", "timeout", "no news"]
"""Why the runner ended a program before it was done."""


class ProcessRunner:
    """Runs one command to its end, once.

    The program gets no input, a session of its own, and prints into one stream. Whatever ends it (its own end, pruning,
    :meth:`stop`, the timeout, an error in a callback, the death of this process) ends everything it started: SIGTERM,
    the grace period, SIGKILL. What a finished program leaves behind may go on for two seconds.

    The monitor gets the new points, if any, every ``interval`` seconds; True ends the program as pruned. It is called a last
    time after the end when points are left; what it returns then changes nothing. All times are in seconds, None for never.
    """

    def __init__(
        self,
        command: Sequence[str],
        objective: Objective,
        source: MetricSource | None = None,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        on_line: Callable[[str], None] = lambda line: None,
        monitor: Report = lambda points: False,
        interval: float = 0.5,
        grace_period: float = 10.0,
        timeout: float | None = None,
        no_news_after: float | None = None,
    ) -> None:
        if isinstance(command, str) or not command:
            raise DeclarationError(
                f"A command is a list of a program and its arguments, but got {command!r}. List them."
            )
        self._source = source or Stdout()
        self.collector = Collector(self._source, objective)
        self._command = list(command)
        self._env = env
        self._cwd = cwd
        self._on_line = on_line
        self._monitor = monitor
        self._interval = interval
        self._grace_period = grace_period
        self._timeout = timeout
        self._no_news_after = float("inf") if no_news_after is None else no_news_after
        self._last_news = 0.0
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._end: End | None = None
        self._stopped = False
        self._program: SupervisedProgram | None = None

    def run(self) -> Outcome:
        """Run the command and return how it ended, with what it measured."""
        variables = os.environ if self._env is None else self._env
        who = f"trial {variables.get('HPO_TRIAL')} of {variables.get('HPO_STUDY')}"
        with contextlib.closing(input_for(self._source, self.collector, self._cwd, who)) as read:
            environment = unbuffered({**variables, **read.environment()})
            with SupervisedProgram(
                self._command, env=environment, cwd=self._cwd, grace_period=self._grace_period
            ) as program:
                self._program = program
                self._follow(program, read)
            self._log(read.finish(whole=self._end is None and program.exited))
            left = self.collector.drain(final=True)
            if left:
                self._monitor(left)
        return self._outcome(program)

    def stop(self) -> None:
        """End the program with everything it started; returns at once, from any thread or signal handler.

        Before :meth:`run` it makes the program end as soon as it has started; after it, it does nothing.
        """
        self._stopped = True
        if self._program is not None:
            # Noted here and not at the next look: the end that this causes may be read before.
            self._finish(self._program, "killed")
            self._program.end()

    def _follow(self, program: SupervisedProgram, read: Input) -> None:
        started = self._last_news = time.monotonic()
        deadline = started + self._timeout if self._timeout is not None else float("inf")
        due = started + self._interval
        with selectors.DefaultSelector() as selector:
            selector.register(program.output, selectors.EVENT_READ)
            selector.register(program.channel, selectors.EVENT_READ)
            while not program.gone:
                wait = min(due, deadline if self._end is None else due) - time.monotonic()
                for key, _ in selector.select(max(0.0, wait)):
                    if key.fileobj is program.channel:
                        program.read_keeper()
                    elif self._print(program, read) == b"":
                        selector.unregister(program.output)
                self._end_if_asked(program, deadline)
                if time.monotonic() >= due:
                    self._look(program, read)
                    due = time.monotonic() + self._interval
        self._print_rest(program, read)

    def _end_if_asked(self, program: SupervisedProgram, deadline: float) -> None:
        if self._stopped:
            self._finish(program, "killed")
        elif time.monotonic() >= deadline:
            self._finish(program, "timeout")
        elif time.monotonic() >= self._last_news + self._no_news_after:
            self._finish(program, "no news")

    def _look(self, program: SupervisedProgram, read: Input) -> None:
        read.look()
        if self.collector.stopped:
            raise self.collector.stopped
        points = self.collector.drain()
        if points:
            self._last_news = time.monotonic()
        if self._end is None and self._monitor(points):
            # It may have ended by itself while the study was asked; then that counts.
            program.read_keeper()
            self._finish(program, "pruned")

    def _finish(self, program: SupervisedProgram, end: End) -> None:
        if self._end is None and not program.ended:
            self._end = end
            program.end()

    def _print(self, program: SupervisedProgram, read: Input) -> bytes | None:
        try:
            data = os.read(program.output.fileno(), CHUNK)
        except BlockingIOError:
            return None
        if data:
            self._last_news = time.monotonic()
        self._log(read.printed(data))
        if self.collector.stopped:
            raise self.collector.stopped
        return data

    def _print_rest(self, program: SupervisedProgram, read: Input) -> None:
        """Take what is in the pipe and no more: a process that escaped may hold its other end for ever."""
        for _ in range(LAST_CHUNKS):
            if not self._print(program, read):
                return

    def _log(self, lines: list[str]) -> None:
        for line in map(masked, lines):
            self._tail.append(line[:SHOWN_LENGTH])
            self._on_line(line)

    def _outcome(self, program: SupervisedProgram) -> Outcome:
        if program.errno is not None:
            return Outcome.failed(
                f"The program {self._command[0]!r} cannot be started: {os.strerror(program.errno)}. "
                "Check its name, the PATH and that it may be executed."
            )
        code = os.waitstatus_to_exitcode(program.status) if program.status is not None else -signal.SIGKILL
        seen: dict[str, Any] = {
            "exit_code": code if code >= 0 else None,
            "tail": tuple(self._tail),
            "oddities": self.collector.problems,
        }
        if self._end == "pruned":
            return Outcome.pruned(self.collector.so_far(), **seen)
        if self._end is not None or code != 0:
            failed = self._failure(code)
            return Outcome.failed(failed.reason, failed.kind, measurement=self.collector.so_far(), **seen)
        try:
            return Outcome.complete(self.collector.measure(), **seen)
        except TrialFailedError as err:
            return Outcome.failed(err.reason, err.kind, **seen)

    def _failure(self, code: int) -> TrialFailedError:
        if self._end == "no news":
            return silence_failure("program", self._no_news_after, self._tail)
        kind = FailureKind.KILLED if self._end == "killed" else FailureKind.PROGRAM
        return TrialFailedError(f"{_how(self._end, code)}{last_lines(self._tail)}", kind=kind)


def _how(end: End | None, code: int) -> str:
    if end == "killed":
        return "The trial's program was stopped."
    if end == "timeout":
        return "The trial's program ran longer than its timeout and was ended."
    if code >= 0:
        return f"The trial's program exited with {code}."
    hint = " Often that is the kernel short of memory." if code == -signal.SIGKILL else ""
    return f"The trial's program was ended by {_signal_name(-code)}.{hint}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
