"""Lines from bytes, however the bytes arrive."""

import re
from collections.abc import Sequence

LINE_LIMIT = 65536
"""Bytes of a line that are kept."""

_TOKEN_LENGTH = 256
_END = re.compile(rb"\r\n|\r|\n")
_LAST_BLANK = re.compile(rb"\s[^\s]*\Z")


class LineSplitter:
    r"""Split a stream into lines, however it is cut into pieces.

    ``\n``, ``\r\n`` and a bare ``\r`` (progress bars) end a line. What is not UTF-8, and NUL, which databases refuse,
    becomes U+FFFD. Memory is bounded: of a longer line the head is kept, up to a blank so that no number is cut in two.
    A line that lost its end says which of the ``names`` stood there, so that no reader takes it for whole.
    """

    def __init__(self, limit: int = LINE_LIMIT, names: Sequence[str] = ()) -> None:
        self._limit = limit
        # The last part only: in JSON the others stand before it, each with its own brace.
        self._keys = {name: re.split("[/.]", name)[-1].encode() for name in names}
        self._longest = max(map(len, self._keys.values()), default=0)
        self._edge = b""
        self._lost: set[str] = set()
        self._head = bytearray()
        self._dropped = 0
        self._after_return = False
        self.cut = 0
        """How many lines were longer than the limit."""

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that these bytes complete."""
        if not data:
            return []
        if self._after_return:
            data = data.removeprefix(b"\n")
        self._after_return = data.endswith(b"\r")
        lines = []
        start = 0
        for end in _END.finditer(data):
            self._keep(data[start : end.start()])
            lines.append(self._take())
            start = end.end()
        self._keep(data[start:])
        return lines

    def flush(self) -> list[str]:
        """Return the last line when the stream ended inside it; otherwise nothing."""
        return [self._take()] if self._head or self._dropped else []

    def _keep(self, piece: bytes) -> None:
        room = self._limit - len(self._head)
        self._head += piece[:room]
        if len(piece) > room:
            self._drop(piece[room:])

    def _drop(self, piece: bytes) -> None:
        """Count what is lost, and note which metrics stand there; the head may end in the middle of one."""
        text = (self._edge if self._dropped else bytes(self._head[-_TOKEN_LENGTH:])) + piece
        self._dropped += len(piece)
        self._lost |= {name for name, key in self._keys.items() if key in text}
        self._edge = text[max(0, len(text) - self._longest) :]

    def _take(self) -> str:
        head, dropped = bytes(self._head), self._dropped
        self._head.clear()
        lost, self._lost, self._dropped = sorted(self._lost), set(), 0
        if not dropped:
            return _decoded(head)
        self.cut += 1
        blank = _LAST_BLANK.search(head, max(0, len(head) - _TOKEN_LENGTH))
        there = " with " + ", ".join(f'"{name}"' for name in lost) if lost else ""
        return f"{_decoded(head[: blank.start()] if blank else head)} … [{dropped} bytes more{there}]"


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").replace("\0", "\ufffd")
