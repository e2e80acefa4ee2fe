"""Names in people's own letters: one spelling of each, and a form in ASCII for places that take nothing else."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

WORD = (
    r"\w\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u0670\u06d6-\u06ed\u0700-\u109f\u135d-\u135f"
    r"\u1712-\u1dff\u20d0-\u20f0\u2cef-\u2cf1\u2d7f\u2de0-\u2dff\u302a-\u302f\u3099\u309a\ua66f-\ua6f1\ua802-\uabed"
    r"\ufe00-\ufe0f\ufe20-\ufe2f"
)
"""Letters, digits and ``_`` for a class of characters in an expression: ``\\w`` has no signs such as Hindi's vowels."""
LETTER = r"[^\W\d]"
"""A letter or ``_`` in an expression."""
OTHERS = "\u00aa-\U0010ffff"
"""What is not ASCII, for a class in an expression of JSON schema too, where ``\\w`` is ASCII; :func:`is_name` looks closer."""

HASH_LENGTH = 10


def one_spelling(name: str) -> str:
    """Return a name as it is stored and compared: composed (NFC), however its letters were typed."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def spelt_keys(given: Any) -> Any:
    """Return a mapping with its names in one spelling; anything else as it is."""
    if not isinstance(given, Mapping):
        return given
    return {one_spelling(name) if isinstance(name, str) else name: value for name, value in given.items()}


def is_name(rule: re.Pattern[str], name: str) -> bool:
    """Say whether a name keeps a rule, and has of other alphabets letters, their signs and digits alone."""
    first = name[:1]
    begins = first.isascii() or first.isalpha() or (first.isalnum() and rule.match("0") is not None)
    return begins and rule.fullmatch(name) is not None and all(each.isascii() or _is_letter(each) for each in name)


def ascii_form(name: str, mark: str = "_") -> str:
    """Return a name in ASCII, always the same for the same name: what ASCII it has, and a hash of it.

    ``配車/東京`` is ``x_0123456789``, and a name in ASCII is itself. Where names in ASCII cannot have the ``mark``, no other
    name has the same form.
    """
    if name.isascii():
        return name
    name = one_spelling(name)
    kept = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_.-")
    digest = hashlib.sha256(name.encode()).hexdigest()[:HASH_LENGTH]
    return f"{kept or 'x'}{mark}{digest}"


def id_form(name: str) -> str:
    """Return a name as a part of a DAG's id, which takes neither other letters than ASCII's nor slashes."""
    return ascii_form(name).replace("/", "_")


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"
