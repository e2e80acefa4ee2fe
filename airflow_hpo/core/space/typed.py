"""Values of parameters as a person types them: ``lr=0.01``."""

from collections.abc import Iterable, Mapping
from typing import Any

from airflow_hpo.core.environment import as_text
from airflow_hpo.core.names import one_spelling
from airflow_hpo.core.space.parameter import AnyParameter, Categorical
from airflow_hpo.core.space.space import Space
from airflow_hpo.exceptions import DeclarationError


def typed_values(words: Iterable[str], example: str) -> dict[str, str]:
    """Return what was typed by name."""
    values: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name or one_spelling(name) in values:
            raise DeclarationError(f"Values are typed once each, as name=value, but got {word!r}. Type {example}.")
        values[one_spelling(name)] = text
    return values


def typed_point(space: Space, words: Iterable[str]) -> dict[str, Any]:
    """Return the point that was typed, with values of its parameters' types where they have one; it is not checked yet."""
    values = typed_values(words, f"{next(iter(space))}=...")
    return {name: _typed(space.get(name), text) for name, text in values.items()}


def typed_values_of(space: Space, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a point of which some values are text, as a form sends them, with values of its parameters' types."""
    return {name: _typed(space.get(name), each) if isinstance(each, str) else each for name, each in values.items()}


def _typed(parameter: AnyParameter | None, text: str) -> Any:
    if isinstance(parameter, Categorical):
        for choice in parameter.choices:
            if text in (as_text(choice), str(choice)):
                return choice
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
