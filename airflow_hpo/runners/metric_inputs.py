"""Inputs of the metric collector: one for each declared source, read while a process runs."""

import contextlib
import os
import tempfile
from collections.abc import Mapping

from airflow_hpo.core.metrics.collector import MESSAGE_LENGTH, Collector
from airflow_hpo.core.metrics.lines import LineSplitter
from airflow_hpo.core.metrics.source import File, MetricSource, TerminationMessage
from airflow_hpo.runners.file_lock import file_locked
from airflow_hpo.runners.file_tail import FileTail

TERMINATION_VARIABLE = "HPO_TERMINATION_LOG"


class Input:
    """One source of one process; by itself one that has nothing to do with the program's output."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._splitter = LineSplitter()

    def environment(self) -> Mapping[str, str]:
        """Return the variables that the program needs to use the source."""
        return {}

    def printed(self, data: bytes) -> list[str]:
        """Take output of the program and return the lines it completes, for the log."""
        return self._splitter.feed(data)

    def look(self) -> None:
        """Read what was written outside of the output."""

    def finish(self, *, whole: bool) -> list[str]:
        """Take the program's end and return the unfinished last line of its output; not whole when it was ended."""
        return self._splitter.flush()

    def close(self) -> None:
        """Let go of files; may be called without :meth:`finish`."""


class OutputInput(Input):
    """Metrics stand in the output itself."""

    def printed(self, data: bytes) -> list[str]:
        """Collect from the output."""
        return self._collector.feed(data)

    def finish(self, *, whole: bool) -> list[str]:
        """Collect from the last line."""
        return self._collector.close(whole=whole)


class FileInput(Input):
    """Metrics stand in a file that the program writes."""

    def __init__(self, collector: Collector, path: str, who: str = "another program") -> None:
        super().__init__(collector)
        self._lock = contextlib.ExitStack()
        self._lock.enter_context(file_locked(path, who))
        self._tail = FileTail(path)

    def look(self) -> None:
        """Collect what was appended to the file."""
        for data in self._tail.read():
            if data:
                self._collector.feed(data)
            else:
                self._collector.close(whole=False)
        self._collector.note = self._tail.problem

    def finish(self, *, whole: bool) -> list[str]:
        """Collect the rest of the file."""
        self.look()
        self._collector.close(whole=whole)
        return super().finish(whole=whole)

    def close(self) -> None:
        """Close the file."""
        self._tail.close()
        self._lock.close()


class TerminationInput(Input):
    """Metrics stand in a file that is read once, at the end, as a pod's termination message is."""

    def __init__(self, collector: Collector) -> None:
        super().__init__(collector)
        file, self._path = tempfile.mkstemp(prefix="hpo-termination-")
        os.close(file)

    def environment(self) -> Mapping[str, str]:
        """Return the variable that names the file."""
        return {TERMINATION_VARIABLE: self._path}

    def finish(self, *, whole: bool) -> list[str]:
        """Collect from the end of the message."""
        with contextlib.suppress(OSError), open(self._path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - MESSAGE_LENGTH))
            self._collector.feed_message(file.read(MESSAGE_LENGTH), whole=whole)
        return super().finish(whole=whole)

    def close(self) -> None:
        """Remove the file."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)


def input_for(source: MetricSource, collector: Collector, cwd: str | None, who: str) -> Input:
    """Return what connects a source with the collector, for a trial."""
    if isinstance(source, File):
        return FileInput(collector, os.path.join(cwd or "", source.path), who)
    return TerminationInput(collector) if isinstance(source, TerminationMessage) else OutputInput(collector)
