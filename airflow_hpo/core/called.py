"""Functions of authors: whether they can be called as they will be."""

import inspect
from collections.abc import Callable
from typing import Any


def refuses_one_argument(function: Callable[..., Any]) -> TypeError | None:
    """Return why a function cannot be called with one argument alone; None where it can, or has no signature, as a builtin."""
    try:
        inspect.signature(function).bind(None)
    except TypeError as err:
        return err
    except ValueError:
        pass
    return None
