"""Text of any origin as a terminal and a spreadsheet may show it: it neither moves a cursor nor begins a formula."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_hpo.core.masking import masked

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, the cursor, erasing
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"  # titles, links, the clipboard
    r"|\x1b[ -/]*[0-~]"  # character sets, modes, resets
)
_BREAK = re.compile("[\r\x0b\x0c\x85\u2028\u2029]+")
"""Ends of lines of other kinds; a lone carriage return writes over what stands in its line."""
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f"  # the direction of text, and nothing
    "\ud800-\udfff]"
)
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")


def shown(text: str) -> str:
    """Return a text without secrets and without what a terminal obeys instead of showing it."""
    return _INVISIBLE.sub("", _BREAK.sub(" ", _SEQUENCE.sub("", masked(text).replace("\r\n", "\n"))))


def cell(value: Any) -> Any:
    """Return a value as a cell of CSV: numbers as they are, and no text that a spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return value if value is None or isinstance(value, int | float) else cell(str(value))
    begins = value.lstrip(" ")[:1] in _FORMULA and not _is_number(value)
    text = shown(value)
    return f"'{text}" if begins or (text[:1] in _FORMULA and not _is_number(text)) else text


def csv_text(rows: Iterable[Mapping[str, Any]], names: Sequence[str], *, header: bool = True) -> str:
    """Return rows as CSV, in the order of the names; what a row lacks is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow([cell(name) for name in names])
    writer.writerows([cell(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
