"""Fingerprint of a function's source code, the same in every process."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def source_of(function: Callable[..., Any]) -> str:
    """Return the source of a function, or of the class of a callable object, else its name.

    Never an address in memory: that differs between processes, and every trial would look changed.
    """
    if isinstance(function, functools.partial):
        bound = [*map(repr, function.args), *(f"{name}={value!r}" for name, value in sorted(function.keywords.items()))]
        return f"{source_of(function.func)}\n{', '.join(bound)}"
    named = function if hasattr(function, "__qualname__") else type(function)
    try:
        return inspect.getsource(named)
    except (OSError, TypeError):
        return f"{named.__module__}.{named.__qualname__}"
