"""Tail of a file that another process writes."""

import contextlib
import os
import stat
from collections.abc import Iterator

CHUNK = 65536
_MARK_LENGTH = 64
SEAM = (b"", b"\n")
"""Nothing, where an unfinished line is dropped, and then a newline."""


class FileTail:
    """Read what is appended to a file, from where it was last read.

    The file may appear late. When another file takes its name (rotation), the rest of the old one is read first; when it
    is truncated or written again, reading starts over: the bytes just before the position tell, even after the new
    content has grown past it. What is in the file at first is skipped, for it is an earlier trial's.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None
        self._position = 0
        self._mark = b""
        self.problem = f"The file {path!r} never appeared."
        """Why nothing can be read, in a sentence; empty once the file has been opened."""
        self._open()
        if self._file is not None:
            self._position = os.fstat(self._file).st_size
            start = max(0, self._position - _MARK_LENGTH)
            self._mark = os.pread(self._file, self._position - start, start)

    def read(self) -> Iterator[bytes]:
        """Yield what is new; :data:`SEAM` between two files or two versions, for none continues the other's line."""
        if self._file is None:
            self._open()
        if self._file is None:
            return
        if self._rewritten():
            self._position, self._mark = 0, b""
            yield from SEAM
        yield from self._rest()
        if self._replaced():
            os.close(self._file)
            self._file, self._position, self._mark = None, 0, b""
            yield from SEAM
            self._open()
            yield from self._rest()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> None:
        try:
            # without waiting: another process may have made a pipe of that name
            file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        except OSError as err:
            self.problem = f"The file {self._path!r} could not be read: {err.strerror}."
            return
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            self.problem = f"{self._path!r} is not a regular file."
            return
        self._file, self.problem = file, ""

    def _rest(self) -> Iterator[bytes]:
        while self._file is not None and (data := os.pread(self._file, CHUNK, self._position)):
            self._position += len(data)
            self._mark = (self._mark + data)[-_MARK_LENGTH:]
            yield data

    def _rewritten(self) -> bool:
        if self._file is None:
            return False
        return os.pread(self._file, len(self._mark), self._position - len(self._mark)) != self._mark

    def _replaced(self) -> bool:
        with contextlib.suppress(OSError):
            if self._file is not None:
                return not os.path.samestat(os.stat(self._path), os.fstat(self._file))
        return False
