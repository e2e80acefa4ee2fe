"""Numbers of NumPy and pandas as Python's own, which a declaration is stored with."""

from typing import Any

DEPTH = 3
"""How deep a declaration has lists and mappings in one another; YAML may have a list in itself."""


def plain(value: Any, depth: int = DEPTH) -> Any:
    """Return a value with the arrays and numbers of NumPy in it as lists and numbers of Python."""
    if type(value) is dict and depth:
        return {key: plain(each, depth - 1) for key, each in value.items()}
    if type(value) in (list, tuple) and depth:
        return type(value)(plain(each, depth - 1) for each in value)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return _python(value)
    return value


def _python(value: Any) -> Any:
    listed = value.tolist()
    # A float of 32 bits is meant as it is written: 0.1, and not 0.10000000149011612.
    return float(str(value)) if isinstance(listed, float) and value.dtype.itemsize < 8 else listed
