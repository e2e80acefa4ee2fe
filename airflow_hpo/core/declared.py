"""The base of everything a user declares: immutable, strict, JSON-able, with errors people can act on."""

from __future__ import annotations

import difflib
import hashlib
import json
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from airflow_hpo.exceptions import DeclarationError


class Declared(BaseModel):
    """A frozen declaration whose mistakes are :class:`DeclarationError` in one sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as err:
            raise DeclarationError(_sentence(err.errors()[0], type(self))) from None

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Build the declaration from plain data, such as parsed JSON or YAML.

        :param data: what :meth:`to_dict` returns, or the same written by hand.
        :raises DeclarationError: when the data does not fit.
        """
        if not isinstance(data, dict):
            raise DeclarationError(f"{cls.__name__} is declared by a mapping of fields, but got {data!r}. Write one.")
        return cls(**data)

    @classmethod
    def from_yaml(cls, text: str) -> Self:
        """Build the declaration from YAML (JSON is YAML).

        :param text: the document itself, not its path.
        :raises DeclarationError: when it is not YAML or does not fit.
        """
        try:
            data = yaml.safe_load(text)
        except yaml.YAMLError as err:
            raise DeclarationError(f"The declaration must be YAML, but the parser says: {err}. Correct it.") from None
        return cls.from_dict(data)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data that :meth:`from_dict` takes back."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_yaml(self) -> str:
        """Return the declaration as YAML that :meth:`from_yaml` takes back."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False)


def fingerprint(data: Any) -> str:
    """Return 16 hex digits that are the same for equal JSON-able data, whatever the order of its keys.

    :param data: anything ``json.dumps`` takes.
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def nearest(name: str, known: list[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the known name closest to a wrong one, or an empty string."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _sentence(error: ErrorDetails, model: type[BaseModel]) -> str:
    where = ".".join(str(part) for part in error["loc"]) or model.__name__
    known = sorted(model.model_fields)
    if error["type"] == "extra_forbidden":
        name = str(error["loc"][-1])
        return f"{model.__name__} has no argument {name!r}; it takes {', '.join(known)}.{nearest(name, known)}"
    if error["type"] == "missing":
        return f"{model.__name__} needs {where!r}, which was not given. Add it."
    if error["type"] == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    return f"{model.__name__}.{where}: {error['msg'][0].lower()}{error['msg'][1:]}, but got {error['input']!r}. Correct it."
