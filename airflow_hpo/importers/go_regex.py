"""Regular expressions of Go (RE2 syntax) in the syntax of Python, with the same meaning."""

import re
from collections.abc import Iterator

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_POSIX = re.compile(r"\[:(\^?)(\w+):\]")
_FLAGS = re.compile(r"\(\?([ims]*)(?:-([ims]*))?(\)|:)")
_NAMED = re.compile(r"\(\?P?<(\w+)>")
_HEX = re.compile(r"\\x\{([0-9A-Fa-f]+)\}")
_OCTAL = re.compile(r"\\[0-7]{1,3}")
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_OPEN_REPEAT = re.compile(r"\{,\d*\}")
_SETS_OF_SETS = ("--", "&&", "||", "~~")
"""Pairs that Python keeps for operations on sets; in Go they are two characters."""

NUMBERS = ("0.25", "-0.25", "12.5", "1e-05", "2.5e-05", "1.5E+10", "-3", "+0.5", "7")
"""How programs write numbers."""
AFTER = ("", " ", ",", ";", "}", "]", ")", "%", "\t", " x=1")


class UntranslatedError(ValueError):
    """An expression with something that one of the two languages has not."""


def python_regex(text: str) -> str:
    """Return an expression in Python's syntax; one that Go itself refuses, or that Python cannot say, is an error."""
    translated = "".join(_Scanner(text).pieces())
    try:
        re.compile(translated)
    except (re.error, OverflowError, RecursionError) as err:
        raise UntranslatedError(f"it is no regular expression ({err})") from None
    return translated


def takes_half_numbers(translated: str) -> bool:
    """Say whether the second group of an expression may end in the middle of a number, such as ``1e-05`` or ``0.25``.

    The expression is tried from its value on, before everything that may follow a number on a line.
    """
    start = _second_group(translated)
    if start is None:
        return False
    try:
        rest = re.compile(translated[start:])
    except re.error:  # it refers to what stands before, so that nothing can be told
        return False
    for number in NUMBERS:
        for after in AFTER:
            found = rest.match(number + after)
            if found and 0 < len(found[1] or "") < len(number):
                return True
    return False


def _second_group(text: str) -> int | None:
    """Return where the second capturing group opens, if no group is open there."""
    depth = groups = place = 0
    in_set = False
    while place < len(text):
        char = text[place]
        if char == "\\":
            place += 1
        elif in_set:
            in_set = char != "]"
        elif char == "[":
            in_set = True
            place += text[place + 1 : place + 2] in ("]", "^")
        elif char == "(":
            if text[place + 1 : place + 2] != "?" or _NAMED.match(text, place):
                groups += 1
                if groups == 2:
                    return place if depth == 0 else None
            depth += 1
        elif char == ")":
            depth -= 1
        place += 1
    return None


class _Scanner:
    """Walks through an expression once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.open_flags = [0]
        """By open group, how many groups for flags are to be closed with it."""

    def pieces(self) -> Iterator[str]:
        """Yield the pieces in Python's syntax."""
        while self.place < len(self.text):
            char = self.text[self.place]
            if char == "\\":
                yield self._escape()
            elif char == "[":
                yield self._set()
            elif char == "(":
                yield self._group()
            elif char == ")":
                closed = self.open_flags.pop() if len(self.open_flags) > 1 else 0
                yield ")" * closed + self._take(1)
            elif char == "{" and (repeat := _OPEN_REPEAT.match(self.text, self.place)):
                yield "\\" + self._take(len(repeat[0]))
            elif char in "*+?}" and self.text[self.place + 1 : self.place + 2] == "+":
                raise UntranslatedError(f"Go has no {self.text[self.place : self.place + 2]!r}")
            elif char == "$":
                self._take(1)
                yield r"\Z" if not self._multi_line() else "$"
            else:
                yield self._take(1)
        yield ")" * self.open_flags[0]

    def _multi_line(self) -> bool:
        return "(?m" in self.text or "(?im" in self.text or "(?sm" in self.text

    def _take(self, count: int) -> str:
        taken = self.text[self.place : self.place + count]
        self.place += count
        return taken

    def _escape(self) -> str:
        if quoted := _QUOTED.match(self.text, self.place):
            self._take(len(quoted[0]))
            return re.escape(quoted[1])
        if found := _HEX.match(self.text, self.place):
            self._take(len(found[0]))
            return re.escape(chr(int(found[1], 16)))
        if found := _OCTAL.match(self.text, self.place):
            self._take(len(found[0]))
            if found[0][1] in "1234567" and len(found[0]) < 4:
                raise UntranslatedError(f"Go has no back reference {found[0]!r}")
            return re.escape(chr(int(found[0][1:], 8)))
        pair = self._take(2)
        if pair == r"\z":
            return r"\Z"
        if pair in (r"\p", r"\P", r"\C"):
            raise UntranslatedError(f"Python has no {pair!r}; name the characters, as in [A-Za-z]")
        return pair

    def _group(self) -> str:
        if flags := _FLAGS.match(self.text, self.place):
            self._take(len(flags[0]))
            written = (flags[1] or "") + (f"-{flags[2]}" if flags[2] else "")
            if flags[3] == ")":  # to the end of the group that is open
                self.open_flags[-1] += 1
                return f"(?{written}:"
            self.open_flags.append(0)
            return f"(?{written}:"
        self.open_flags.append(0)
        if named := _NAMED.match(self.text, self.place):
            self._take(len(named[0]))
            return f"(?P<{named[1]}>"
        if self.text.startswith("(?:", self.place):
            return self._take(3)
        if self.text.startswith("(?", self.place):
            raise UntranslatedError(f"Go has no {self.text[self.place : self.place + 4]!r}")
        return self._take(1)

    def _set(self) -> str:
        made = self._take(1)
        if self.text.startswith("^", self.place):
            made += self._take(1)
        if self.text.startswith("]", self.place):
            made += "\\" + self._take(1)
        while self.place < len(self.text) and self.text[self.place] != "]":
            made += self._of_set()
        return made + self._take(1)

    def _of_set(self) -> str:
        if posix := _POSIX.match(self.text, self.place):
            self._take(len(posix[0]))
            if posix[1] or posix[2] not in _CLASSES:
                raise UntranslatedError(f"Python has no {posix[0]!r}; name the characters")
            return _CLASSES[posix[2]]
        if self.text[self.place] == "\\":
            return self._escape()
        pair = self.text[self.place : self.place + 2]
        if self.text[self.place] == "[" or pair in _SETS_OF_SETS:
            return "\\" + self._take(1)
        return self._take(1)
