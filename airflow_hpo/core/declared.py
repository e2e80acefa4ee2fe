"""The base of everything a user declares: immutable, strict, JSON-able, with errors people can act on."""

import difflib
import hashlib
import json
from collections.abc import Iterable, KeysView, Mapping, Sequence, Set
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from airflow_hpo.core.masking import cut
from airflow_hpo.core.plain import plain
from airflow_hpo.core.remedy import called_elsewhere, example_of, kind_of, remedy
from airflow_hpo.core.yaml_document import dump, load, problem_of
from airflow_hpo.exceptions import DeclarationError

KINDS_OF_CONDITIONS = ("all of", "any of", "some values", "a range")
"""What pydantic names in the place of an error about a condition; no parameter is called so."""
REQUIRED: Any = ...
"""Default of an argument that has none: leaving it out is then a :class:`DeclarationError`, from Python and YAML alike."""


class Declared(BaseModel):
    """A frozen declaration; a mistake in it is a :class:`DeclarationError` of one sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    def __init__(self, /, *unnamed: Any, **data: Any) -> None:
        if unnamed:
            raise DeclarationError(_by_name(type(self), unnamed, data))
        try:
            super().__init__(**{name: plain(value) for name, value in data.items() if value is not REQUIRED})
        except ValidationError as err:
            raise DeclarationError(_sentence(_first(err.errors()), type(self), data)) from None

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Build the declaration from plain data, such as parsed JSON or YAML."""
        if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
            raise DeclarationError(
                f"{cls.__name__} is declared by a mapping of named fields, but got {brief_repr(data)}. {_from_what(cls, data)}"
            )
        if "self" in data:  # Python would take it for the object itself
            raise DeclarationError(f"{cls.__name__} has no field 'self', but got {brief_repr(data)}. Leave it out.")
        if not _encodable(data):
            raise DeclarationError(
                f"{cls.__name__} must hold text that UTF-8 can hold, but got {brief_repr(data)}. Leave lone surrogates out."
            )
        return cls(**data)

    @classmethod
    def from_yaml(cls, text: str) -> Self:
        """Build the declaration from YAML (JSON is YAML)."""
        try:
            data = load(text)
        except yaml.YAMLError as err:
            raise DeclarationError(
                f"The declaration must be YAML, but got {problem_of(err)}. Mend that line."
            ) from None
        return cls.from_dict(data)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data that :meth:`from_dict` takes back."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_yaml(self) -> str:
        """Return the declaration as YAML that :meth:`from_yaml` takes back."""
        return dump(self.to_dict())

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show what differs from the defaults: errors and logs quote declarations."""
        fields = type(self).model_fields
        return ((name, value) for name, value in super().__repr_args__() if value != fields[str(name)].default)


def fingerprint(data: Any) -> str:
    """Return 16 hex digits that are the same for equal JSON-able data, whatever the order of its keys."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def first_twice(names: Sequence[Any]) -> Any | None:
    """Return the first name that stands twice; None where each is once."""
    return next((name for place, name in enumerate(names) if name in names[:place]), None)


def nearest(name: str, known: list[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the known name closest to a wrong one, or an empty string."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def refuse_set(what: str, values: Any) -> None:
    """Refuse values that have no order of their own where an order is declared; the keys of a mapping have one."""
    if isinstance(values, Set) and not isinstance(values, KeysView):
        listed = sorted(values, key=lambda value: (type(value).__name__, str(value)))
        raise DeclarationError(
            f"{what} have an order, which a set has not: it differs from process to process, but got {brief_repr(values)}. "
            f"Write a list: {brief_repr(listed)}."
        )


def brief_repr(value: Any) -> str:
    """Return a value as an error quotes it: 120 characters at most."""
    text = repr(value)
    return text if len(text) <= 120 else f"{cut(text, 119)}…"


_RULES = {
    "int": "must be a whole number",
    "float": "must be a finite number",
    "bool": "must be True or False",
    "string": "must be text",
    "list": "must be a list",
    "dict": "must be a mapping",
    "time": "must be a timedelta, a finite number of seconds or text such as 'PT2H'",
    "model_type": "must be of the kind {class_name}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be above {gt:g}",
    "moment": "must be a datetime with a time zone",
    "less_than": "must be below {lt:g}",
    "scalar_type": "must be text, a finite number, a boolean or None",
    "string_too_short": "must be text that is not empty",
}
"""What is wrong, by the kind of value that was wanted or else by pydantic's type of the error, to the author of a declaration."""


def _first(errors: list[ErrorDetails]) -> ErrorDetails:
    """Return the error to tell: a name that is unknown before one that is missing, which it often stands for."""
    return next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])


def _meant_by(field: str, model: type[BaseModel], data: Mapping[str, Any]) -> str:
    """Return the argument that an unknown one stands for: the only one that is missing, one called so elsewhere, or of a part."""
    known, value = [name for name in model.model_fields if name != "type"], brief_repr(data[field])
    needed = [name for name in known if model.model_fields[name].is_required() and data.get(name, REQUIRED) is REQUIRED]
    if len(needed) == 1:
        of_names = getattr(model.model_fields[needed[0]].annotation, "__origin__", None) is dict
        return f" Write {needed[0]}={{{field!r}: {value}}}." if of_names else f" Write {needed[0]}={value}."
    if called_elsewhere(field) in known:
        return f" Write {called_elsewhere(field)}."
    for name, part in model.model_fields.items():
        kind = part.annotation
        if isinstance(kind, type) and issubclass(kind, Declared) and field in kind.model_fields:
            return f" It is one of `{name}`: write {kind.__name__}(..., {field}={value})."
    return nearest(field, known) or " Drop it."


def _sentence(error: ErrorDetails, model: type[BaseModel], data: Mapping[str, Any]) -> str:
    title = model.model_config.get("title") or model.__name__
    known, got = sorted({*model.model_fields} - {"type"}), brief_repr(error["input"])
    field = str(error["loc"][0]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        meant = _meant_by(field, model, data)
        # Who is told what was meant needs no list, which is long.
        listed = f"; {takes}" if meant == " Drop it." else ""
        return f"{title} has no argument {field!r}, but got {field}={got}{listed}.{meant}"
    if error["type"] == "missing":
        missing = model.model_fields.get(field)
        example = example_of(missing.annotation) if missing else "..."
        return f"{title} needs {field!r}, which was not given. Write {field}={example}."
    if error["type"] == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    rule = _RULES.get(kind_of(error["type"]), error["msg"][0].lower() + error["msg"][1:]).format(**error.get("ctx", {}))
    # Of kinds of conditions, pydantic names the one that it tried.
    inner = tuple(part for part in error["loc"][1:] if part not in KINDS_OF_CONDITIONS)
    where = field + "".join(f"[{part!r}]" for part in inner)
    if (
        error["input"] is None
        and not inner
        and field in model.model_fields
        and not model.model_fields[field].is_required()
    ):
        return f"{title}: `{where}` {rule}, but got None. Leave `{field}` out."
    mended = remedy("" if inner else field, error["type"], error["input"], error.get("ctx", {}))
    return f"{title}: `{where}` {rule}, but got {got}. {mended}"


def _from_what(model: type[BaseModel], data: Any) -> str:
    if isinstance(data, str) and data.strip().lower().endswith((".yaml", ".yml", ".json")):
        return f"Write {model.__name__}.from_yaml(Path({data.strip()!r}).read_text())."
    return f"Write {model.__name__}({brief_repr(data) if isinstance(data, str) else '...'})."


def _by_name(model: type[BaseModel], unnamed: tuple[Any, ...], data: dict[str, Any]) -> str:
    free = [name for name in model.model_fields if name != "type" and data.get(name, REQUIRED) is REQUIRED]
    given = ", ".join(map(brief_repr, unnamed))
    return f"{model.__name__} takes these arguments by name, but got {given}. Write one of {'=, '.join(free)}= before each."


def _encodable(data: Any) -> bool:
    """Whether all text is UTF-8's; a name that is not would come back from JSON as another one."""
    try:
        json.dumps(data, ensure_ascii=False, skipkeys=True, default=repr).encode()
    except UnicodeEncodeError:
        return False
    except (TypeError, ValueError, RecursionError):
        return True  # what is no JSON is refused by its field
    return True
