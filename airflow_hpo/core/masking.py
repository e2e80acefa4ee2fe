"""Masking of secrets in texts from outside. What a secret is, the room that knows Airflow says; before, nothing is one."""

from collections.abc import Callable, Mapping
from typing import Any

_masker: Callable[[str], str] = str


def mask_with(masker: Callable[[str], str]) -> None:
    """Mask the texts of this process by a function from text to text."""
    # One for the process, as Airflow's own masker is.
    global _masker
    _masker = masker


def masked(text: str) -> str:
    """Return a text from outside as it may be stored, logged and shown."""
    return _masker(text)


def masked_data(data: Any) -> Any:
    """Return plain data with every text in it masked."""
    if isinstance(data, Mapping):
        return {name: masked_data(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [masked_data(value) for value in data]
    return masked(data) if isinstance(data, str) else data


def cut(text: str, length: int) -> str:
    """Return the head of a text; masked before it is cut, as half a secret is not recognised any more."""
    return text if len(text) <= length else masked(text)[:length]
