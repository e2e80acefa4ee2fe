"""Named parameters that production uses: their versions, and where each came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, StrictInt, field_validator

from airflow_hpo.core.declared import Declared, brief_repr, fingerprint
from airflow_hpo.core.environment import parameter_variables, refuse_clash
from airflow_hpo.core.names import OTHERS, is_name, one_spelling
from airflow_hpo.core.remedy import named
from airflow_hpo.core.space.parameter import Choice, Params, check_parameter_name
from airflow_hpo.exceptions import DeclarationError

_PART = rf"[A-Za-z0-9{OTHERS}][A-Za-z0-9._{OTHERS}-]*"
SET_NAME = re.compile(rf"^(?=.{{1,200}}$){_PART}(/{_PART})*$")


class Provenance(Declared):
    """Where a version of a parameter set came from; whatever is not known stays None."""

    study: str | None = None
    """The edition that found the parameters."""
    number: StrictInt | None = None
    """Number of the trial in it."""
    comparison: StrictInt | None = None
    """The comparison that decided for them."""
    dag_id: str | None = None
    run_id: str | None = None
    approved_by: str | None = None
    """Who agreed, or who did it by hand."""
    acted_by: str | None = None
    """System user and host of the process that moved the champion; versions of earlier releases have none."""
    triggered_by: str | None = None
    """Airflow user who started the DAG run by hand."""
    reason: str | None = None
    source: str | None = None
    """The file they were read from, when no study found them."""
    data_until: AwareDatetime | None = None
    """End of the data that they were found on: the reference of its edition's windows; a rollback has that of what it restores."""


class Action(StrEnum):
    """What moved a champion."""

    PROMOTE = "promote"
    SET = "set"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class ParameterVersion:
    """One version of a parameter set; the one that production uses is the champion."""

    name: str
    version: int
    """Counted from 1."""
    params: Mapping[str, Choice]
    provenance: Provenance
    created: datetime
    restores: int | None = None
    """The earlier version that a rollback took the parameters from."""

    @property
    def fingerprint(self) -> str:
        """16 hex digits of the parameters."""
        return fingerprint(dict(self.params))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data that :meth:`from_dict` takes back."""
        restored = {} if self.restores is None else {"restores": self.restores}
        return {
            "name": self.name,
            "version": self.version,
            "params": dict(self.params),
            "created": self.created.isoformat(),
            **restored,
            "provenance": self.provenance.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ParameterVersion:
        """Read what :meth:`to_dict` returned."""
        try:
            return cls(
                name=check_name(data["name"]),
                version=int(data["version"]),
                params=check_params(data["params"]),
                provenance=Provenance.from_dict(data.get("provenance") or {}),
                created=datetime.fromisoformat(data["created"]),
                restores=data.get("restores"),
            )
        except (KeyError, TypeError, ValueError) as err:
            raise DeclarationError(
                f"A version of a parameter set has a name, a version, params and created, but got {brief_repr(data)} "
                f"({type(err).__name__}: {err}). Write it again."
            ) from None

    def environment(self) -> dict[str, str]:
        """Return the variables by which a program reads the parameters, as a trial's program does."""
        return {
            "HPO_PARAMETER_SET": self.name,
            "HPO_PARAMETER_SET_VERSION": str(self.version),
            **parameter_variables(self.params),
        }


@dataclass(frozen=True, slots=True)
class Promotion:
    """One move of a champion from one version to another."""

    name: str
    from_version: int | None
    to_version: int
    action: Action
    key: str | None
    by: str | None
    reason: str | None
    at: datetime


def check_name(name: Any) -> str:
    """Return the name of a parameter set, or say what is wrong with it."""
    if isinstance(name, str) and is_name(SET_NAME, one_spelling(name)):
        return one_spelling(name)
    meant = "/".join(named(part) for part in str(name).split("/") if part) or "name"
    raise DeclarationError(
        "A parameter set's name is one or more parts joined by '/', each a letter or digit, then letters, digits and "
        f"'. _ -', 200 in all at most, but got {brief_repr(name)}. Write {meant!r}."
    )


class _Parameters(Declared):
    model_config = {"title": "A parameter set"}

    params: Params

    @field_validator("params", mode="before")
    @classmethod
    def _names_are_text(cls, params: Any) -> Any:
        for name in params if isinstance(params, Mapping) else ():
            if not isinstance(name, str):
                raise ValueError(
                    f"A parameter's name is text, but got {brief_repr(name)}. Quote it: YAML reads on, yes and no as "
                    "booleans."
                )
        return dict(params) if isinstance(params, Mapping) else params

    @field_validator("params")
    @classmethod
    def _named(cls, params: Params) -> Params:
        if not params:
            raise ValueError("A parameter set has at least one parameter, but got {}. Add one.")
        params = {check_parameter_name(name): value for name, value in params.items()}
        refuse_clash(params)
        return params


def check_params(params: Any) -> Params:
    """Return parameters that a set may hold, in their order, or say what is wrong with them."""
    return _Parameters(params=params).params


def difference(old: Mapping[str, Choice], new: Mapping[str, Choice]) -> list[dict[str, Any]]:
    """Return what differs between two versions' parameters, one row for each that does."""
    rows = []
    for name in [*old, *(name for name in new if name not in old)]:
        # 1, 1.0 and True print differently for a program.
        if name in old and name in new and (type(old[name]), old[name]) == (type(new[name]), new[name]):
            continue
        change = "added" if name not in old else "removed" if name not in new else "changed"
        rows.append({"name": name, "change": change, "old": old.get(name), "new": new.get(name)})
    return rows
