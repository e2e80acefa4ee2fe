"""Numbers that programs write: which texts are one, and which neighbours may belong to it."""

import math
import re

from airflow_hpo.core.metrics.full_width import narrow

NUMBER = r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:nan|inf(?:inity)?))"
"""Decimal or scientific notation, ``nan``, ``inf`` and ``infinity`` in any case."""
THIN = "\u00a0\u202f\u2009"
"""Blanks that do not separate words: no-break, narrow no-break, thin."""
LONGEST_GROUPED = 32
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"
_PLAIN_DIGITS = str.maketrans(RAISED + "−", "0123456789+--")
_TIMES = r"[ ]?[×xX*·⋅][ ]?10"

WINDOWS = r"[+-]?1\.#(?:INF|IND|QNAN|SNAN|J)0*"
"""What older Windows runtimes print for infinity and NaN."""
POWER = rf"[+−-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+){_TIMES}(?:(?:\^|\*\*)(?:\([+−-]?[0-9]{{1,4}}\)|[+−-]?[0-9]{{1,4}})|[{RAISED}]{{1,5}})"
"""Powers of ten as people write them: ``3.2×10^-4``, ``3.2*10**-4``, ``3.2×10⁻⁴``."""
GROUPED = (
    r"[+-]?[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+\.[0-9]+|,[0-9]{3}(?:,[0-9]{3})+|"
    rf"(?:(?:['’][0-9]{{3}})+|(?:[{THIN}][0-9]{{3}})+)(?:\.[0-9]+)?)(?:[eE][+-]?[0-9]+)?"
)
"""Thousands that can be read in one way only: ``1,234.5``, ``1,234,567``, ``1'234``; ``1,234`` may also be 1.234."""

ANY_NUMBER = rf"(?:{WINDOWS}|{POWER}|{GROUPED}|{NUMBER})"

UNIT = (
    r"(?:[ ]?%|[ ](?:[mnuµμ]?s|secs?|seconds|mins?|minutes?|h|hours?|days?|[kKMG]|[kKMGT]i?B|[Bb]ytes|percent|pct|thousand|"
    r"[mb]illion|[kMGTmµμ](?:Wh?|J|Hz|bps|bits?|FLOPS|flops)|[kcmµμn]m)\b)"
)
"""A unit that stands beside a number, perhaps after a blank."""
_CHANGED = (
    r"[,;]?[ ]\(?(?:(?!(?:add|clipp|compar|logg|round|sav|stor)ed)[a-z]+ed|fell|rose|grew|went|goes|down|up)"
    r"(?:[ ](?:down|up|back|further|slightly))?[ ]to"
)
TURNS = rf"(?:[ ]?(?:[-=~]{{1,3}}>{{1,2}}|>>|[→⇒⟶➜])[ ]?(?:now[ ])?|(?:{_CHANGED}|[,;]?[ ]\(?now|[ ]to|[ ]bec[ao]mes?)[ ])(?=[+−-]?\.?[0-9])"
"""What says between two numbers that the first one turned into the second."""
_NEXT = rf"{TURNS}|[ ](?:out )?of[ ][0-9]|(?:\.{{2,3}}|[ ]?~)[ ]?[0-9]"
"""A second number that the first one turns into, is a part of, or is the begin of a range with."""
_STUCK = r"""\.[^\s.,;:!?)\]}|%"'<*…]|(?<=[0-9]\.)[^\s.,;:!?)\]}|%"'<*…]"""
"""Text in the middle of a number, such as another thread's."""

AFTER = (
    r"\w|[.,:'’+−\-٫٬][0-9]|\.?#|\.[eE][+-]?[0-9]|"
    rf"[{RAISED}‰^]|\*\*|[{THIN}][0-9]|{_TIMES}[ ]?(?:\^|\*\*|[{RAISED}])|[ ]?/[ ]?[0-9]|"
    r"[ ]?[×·⋅*][ ]?[0-9]|[ ][xX][ ][0-9]|[ ]?\((?:[eE]|[xX×][ ]?)[+-]?[0-9][0-9e+-]*\)|[ ][eE][+-]?[0-9]+\b(?!\s*[=:])|"
    r"[−-](?!\S)|[ ]\+[ ]\.?[0-9]|(?:[ ][−/-][ ]\.?[0-9][0-9.]*)+[ ]=|"
    rf"{UNIT}(?![\w./@-]*\s*[=:])|{_NEXT}|{_STUCK}"
)
"""What stands after a text that is not the whole number: digits, a unit, an exponent, a fraction, a date, a ratio."""
BEFORE = rf"(?:[\w^×+−–﹣-]|[=:][ ]*[+−-][ ]+|[0-9][,:'’{THIN}]|(?<!\.)[.٫]|[0-9][ ]?/[ ]?)\Z"
"""What stands before a text that is not the whole number: a sign, digits, a name."""

WHOLE_NUMBER = rf"(?:(?:{NUMBER})(?!{AFTER})|(?:{WINDOWS}|{POWER}|{GROUPED})(?!{AFTER}))"
"""A number of any kind with nothing after it that may belong to it; the usual kind is tried first."""

_NUMBER = re.compile(NUMBER)
_OPEN = re.compile(r"[+−-]?[0-9]+\.\s*")
_WINDOWS = re.compile(WINDOWS)
_POWER = re.compile(POWER)
_GROUPED = re.compile(GROUPED)
_SPACED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?: [0-9]{3})+(?:\.[0-9]+)?")
_BETWEEN = re.compile(rf"[,'’ {THIN}]")
_POWER_PARTS = re.compile(rf"(?P<mantissa>[^ ×xX*·⋅]+){_TIMES}[\^*(]*(?P<exponent>[^)]+)\)?")
_TWO_READINGS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?: [0-9]{3})+(?:\.[0-9]+)?(?!\w)")
_HEAD = re.compile(r"(?<![\w.])[+-]?[1-9][0-9]{0,2} (?:[0-9]{3} )*\Z")
_LAST_GROUP = re.compile(r"[0-9]{3}(?:\.[0-9]*)?")
_NUMBERISH = re.compile(
    r"[^\w\s]*\s*[+−-]?\s*(?:[.,٫]?\d|(?i:nan|inf(?:inity)?)\b)|"
    r"[A-Za-z_][\w.]*\(\s*['\"\[]?[+−-]?(?:\.?\d|(?i:nan|inf)\b)"
)
_BEGINS = r"(?:\w+\()?[\[(]*[+−-]?\.?\d"
_TOLD = re.compile(
    rf"\s*(?:(?:[a-z]+\.?\s+){{0,3}}(?:to|about|around|approx\.?|ca\.?|now|at|is|only)\s+{_BEGINS}|"
    rf"[!&]\S+\s+{_BEGINS}|[A-Z]{{3}}\s{_BEGINS}|[A-Z]{{3}}\d+[.,]\d|"
    rf"[\w.]+(?:\s*[*+×]\s*[\w.]+)+\s*=\s*{_BEGINS}|"
    rf"(?:<[^>]*|\{{[^}}]*|[A-Za-z_][\w.]*\([^()]*)[=:]\s*{_BEGINS})"
)
"""A number in words or inside an object: ``improved to 0.3``, ``EUR 3.50``, ``AverageMeter(val=0.3)``, ``<tf.Tensor: numpy=0.3>``."""


def as_number(text: str) -> float | None:
    """Return the number that the text is; None when it is none. NaN and infinity are numbers here."""
    if _NUMBER.fullmatch(text := narrow(text)):
        return float(text)
    text = text.strip().rstrip(",;")
    if text.endswith(".") and text.count(".") == 2:
        text = text[:-1]  # the end of a sentence
    if _NUMBER.fullmatch(text):
        return float(text)
    if _WINDOWS.fullmatch(text):
        sign = -1.0 if text.startswith("-") else 1.0
        return sign * math.inf if text.rstrip("0").endswith(("INF", "J")) else math.nan
    if _POWER.fullmatch(text) and (parts := _POWER_PARTS.fullmatch(text)):
        return float(f"{parts['mantissa']}e{parts['exponent']}".translate(_PLAIN_DIGITS))
    if _GROUPED.fullmatch(text) or _SPACED.fullmatch(text):
        return float(_BETWEEN.sub("", text))
    return None


def ends_open(text: str) -> str:
    """Return why what stands from a number to the end of its line may be half of it, a clause; empty when it is whole."""
    return "the line ends after its point" if _OPEN.fullmatch(text) else ""


def doubt_about(text: str, rest: str = "") -> str:
    """Return why a text that is no number may be a value with what follows, a clause; empty when it is none for certain."""
    doubt = numberish(text) or _TOLD.match(text + rest)
    return "it is not a number that can be read in one way only" if doubt else ""


def numberish(text: str) -> bool:
    """Say whether a text that is no number may have been meant as one, such as ``0.5ms`` or ``tensor(0.5)``."""
    return _NUMBERISH.match(text) is not None or text[:1].isnumeric()


def two_readings(line: str, start: int, end: int) -> str | None:
    """Return the longer number of which a whole one may be a part, as in ``1 234.5``; None when there is none."""
    if end - start > LONGEST_GROUPED:
        return None
    if line[end : end + 1] == " " and (found := _TWO_READINGS.match(line, start)) and found.end() > end:
        return found[0]
    if line[start - 1 : start] == " " and (head := _HEAD.search(line, max(0, start - 24), start)):
        return f"{head[0]}{line[start:end]}" if _LAST_GROUP.fullmatch(line, start, end) else None
    return None
