"""Silence of a trial's function: a thread that looks for its output, and a signal that ends the function."""

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from airflow_hpo.core.silence import silence_failure

logger = logging.getLogger(__name__)

CHUNK = 65536
OUTPUTS = (1, 2)
INTERRUPT = signal.SIGURG
"""Ignored where no handler is set, and used by no one; SIGALRM is that of Airflow's execution_timeout."""
LAST_OUTPUT = 1.0
"""Seconds to wait for what was printed last; a process that the function has left behind may hold the output for ever."""


class SilentFunction(BaseException):
    """Raised inside of a function that says nothing; not an ``Exception``, which the function may catch."""


class FunctionSilence:
    """Ends a function that prints, logs and reports nothing for so many seconds.

    What it prints itself counts, and what the programs print that it starts. As Airflow's own time limit does, it needs the
    main thread, and cannot end what hangs in native code.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._last = time.monotonic()
        self._held = False
        self._over = threading.Event()

    def heard(self) -> None:
        """Take it that the function has said something."""
        self._last = time.monotonic()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Count no time: the function waits for the study, and not the study for the function."""
        self._held = True
        try:
            yield
        finally:
            self.heard()
            self._held = False

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the function that is called until the context is left.

        :raises TrialFailedError: of the kind ``no_news``, when it was ended.
        """
        if threading.current_thread() is not threading.main_thread():
            logger.warning("no_news_after needs the main thread of its process. The function goes on without it.")
            yield
            return
        out: Any = _Heard(sys.stdout, self.heard)
        err: Any = _Heard(sys.stderr, self.heard)
        try:
            with contextlib.ExitStack() as stack:
                for output in OUTPUTS:
                    stack.enter_context(_passed_on(output, self.heard))
                stack.enter_context(contextlib.redirect_stdout(out))
                stack.enter_context(contextlib.redirect_stderr(err))
                stack.enter_context(self._logged())
                stack.enter_context(self._interrupted())
                yield
        except SilentFunction:
            raise silence_failure("function", self._limit) from None

    @contextlib.contextmanager
    def _interrupted(self) -> Iterator[None]:
        def handle(number: int, frame: FrameType | None) -> None:
            if self._silent() and not self._over.is_set():
                # What the function does in its `finally` has as much time again.
                self.heard()
                raise SilentFunction

        before = signal.signal(INTERRUPT, handle)
        self.heard()
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
            # Here, too, the signal may come.
            self._over.set()
        finally:
            self._over.set()
            thread.join()
            signal.signal(INTERRUPT, before or signal.SIG_DFL)

    def _watch(self) -> None:
        while not self._over.wait(max(0.05, self._last + self._limit - time.monotonic())):
            if self._silent():
                signal.pthread_kill(threading.main_thread().ident or 0, INTERRUPT)

    def _silent(self) -> bool:
        return not self._held and time.monotonic() >= self._last + self._limit

    @contextlib.contextmanager
    def _logged(self) -> Iterator[None]:
        made = logging.getLogRecordFactory()

        def record(*arguments: Any, **more: Any) -> logging.LogRecord:
            self.heard()
            return made(*arguments, **more)

        logging.setLogRecordFactory(record)
        try:
            yield
        finally:
            logging.setLogRecordFactory(made)


class _Heard:
    """A stream that tells when something is written: what Python prints may wait in its buffer."""

    def __init__(self, stream: Any, heard: Callable[[], None]) -> None:
        self._stream = stream
        self._heard = heard

    def write(self, text: Any) -> Any:
        self._heard()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _passed_on(output: int, heard: Callable[[], None]) -> Iterator[None]:
    """Lead an output of this process and its children through a pipe, and tell when something comes."""
    real = os.dup(output)
    source, end = os.pipe()
    os.dup2(end, output)
    os.close(end)

    def pass_on() -> None:
        while data := os.read(source, CHUNK):
            heard()
            while data:
                data = data[os.write(real, data) :]

    thread = threading.Thread(target=pass_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os.dup2(real, output)
        thread.join(LAST_OUTPUT)
        if not thread.is_alive():
            os.close(source)
            os.close(real)
