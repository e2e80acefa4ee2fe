"""The text that a terminal shows of a line: without escape sequences, with what was overwritten gone."""

import re

_ODD = re.compile("[\x1b\x9b\b\ufeff]")
_STYLE = re.compile(
    r"(?:\x1b\[|\x9b)[0-9;:]*m"  # colours
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|\Z)"  # titles and links
    r"|\x1b[()#][A-Za-z0-9]|\x1b[=>78DEHMc]"  # character sets and modes
)
_BACK = re.compile(r"(?:\x1b\[|\x9b)([0-9]{0,4})D")
_MOVE = re.compile(r"(?:\x1b\[|\x9b)[0-9;:?]*[ -/]*[@-~]")
"""Whatever else moves the cursor or erases: what follows is a text of its own."""


def visible(line: str) -> list[str]:
    """Return the texts of one line in the order in which they were written; nearly always the line itself."""
    if not _ODD.search(line):
        return [line]
    plain = _BACK.sub(lambda move: "\b" * int(move[1] or 1), _STYLE.sub("", line).replace("\ufeff", ""))
    texts = _MOVE.split(plain)
    return [_overwritten(text).replace("\x1b", "") for text in texts]


def _overwritten(text: str) -> str:
    """Return what backspaces leave of a text."""
    if "\b" not in text:
        return text
    shown: list[str] = []
    cursor = 0
    for character in text:
        if character == "\b":
            cursor = max(0, cursor - 1)
            continue
        shown[cursor : cursor + 1] = [character]
        cursor += 1
    return "".join(shown)
