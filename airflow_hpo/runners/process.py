"""Process of a trial's program: its output while it runs, its metrics, and its end."""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.measurement import SHOWN_LENGTH
from airflow_hpo.core.metrics.point import Report
from airflow_hpo.core.metrics.source import MetricSource, Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import DeclarationError, TrialFailedError
from airflow_hpo.runners.metric_inputs import Input, input_for
from airflow_hpo.runners.outcome import End, ProcessOutcome
from airflow_hpo.runners.supervisor import SupervisedProgram

CHUNK = 65536
LAST_CHUNKS = 64
TAIL_LINES = 50


class ProcessRunner:
    """Run one command to its end, once; the trial's collector is in :attr:`collector`.

    The program gets no input, a session of its own, and prints into one stream. Whatever ends it (its own end, pruning,
    :meth:`stop`, the timeout, an error in a callback, the death of this process) ends everything it started: SIGTERM,
    the grace period, SIGKILL. What a finished program leaves behind may go on for two seconds.

    :param command: program and arguments; the program is looked for in the PATH of ``env``.
    :param objective: what is looked for in the source.
    :param source: where metrics are read.
    :param env: the program's whole environment; None for this process's own.
    :param cwd: its working directory; None for this process's own.
    :param on_line: called with every line of the output, as it comes, without its end.
    :param monitor: called every ``interval`` seconds with the new points, if any; True ends the program as pruned.
        Called a last time after the end when points are left; what it returns then changes nothing.
    :param interval: seconds between calls of the monitor and looks at a file; more than 0.
    :param grace_period: seconds between SIGTERM and SIGKILL; 0 or more.
    :param timeout: seconds after which the program is ended; None for never.
    :raises DeclarationError: when the command is empty, or source and objective do not fit together.
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
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._end: End | None = None
        self._stopped = False
        self._program: SupervisedProgram | None = None

    def run(self) -> ProcessOutcome:
        """Run the command and return how it ended; its metrics are then in the collector."""
        with contextlib.closing(input_for(self._source, self.collector, self._cwd)) as read:
            environment = {**(os.environ if self._env is None else self._env), **read.environment()}
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
        started = time.monotonic()
        deadline = started + self._timeout if self._timeout is not None else float("inf")
        due = started + self._interval
        with selectors.DefaultSelector() as selector:
            selector.register(program.output, selectors.EVENT_READ)
            selector.register(program.channel, selectors.EVENT_READ)
            while not program.gone:
                wait = min(due, deadline if self._end is None else due) - time.monotonic()
                for key, _ in selector.select(max(0.0, wait)):
                    if key.fileobj is program.channel:
                        program.read_launcher()
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

    def _look(self, program: SupervisedProgram, read: Input) -> None:
        read.look()
        if self.collector.stopped:
            raise self.collector.stopped
        if self._end is None and self._monitor(self.collector.drain()):
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
        for line in lines:
            self._tail.append(line[:SHOWN_LENGTH])
            self._on_line(line)

    def _outcome(self, program: SupervisedProgram) -> ProcessOutcome:
        if program.errno is not None:
            raise TrialFailedError(
                f"The program {self._command[0]!r} cannot be started: {os.strerror(program.errno)}. "
                "Check its name, the PATH and that it may be executed."
            )
        code = os.waitstatus_to_exitcode(program.status) if program.status is not None else -9
        return ProcessOutcome(
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            ended=self._end,
            tail=tuple(self._tail),
        )
