"""Warm start of a study from its earlier editions, as it is declared."""

import operator
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictInt, StringConstraints, field_validator, model_validator

from airflow_hpo.core.declared import Declared, brief_repr
from airflow_hpo.exceptions import DeclarationError


class WarmStart(Declared):
    """What a new edition takes over from earlier ones of the same study, and of others, as far as they had the same objective.

    An edition with data that end later than those of the run is not an earlier one: a backfill never looks ahead.

    Example::

        study = Study(
            name="dispatch/tokyo",
            objective="cost",
            space={"discount": Float(0.8, 0.999)},
            max_trials=100,
            warm_start=WarmStart(mode="points", editions=2, trials=5),
        )

    :param mode: ``"points"`` evaluates their best points again, first (right when the data have changed);
        ``"values"`` takes their results as known (right when they have not): they count for the best trial and for the finalists, marked
        with the trial that measured them, and are handed on to later editions.
    :param editions: from how many of the newest earlier editions, of each study, that have results which fit the space; 1 or more, or
        ``"all"``.
    :param trials: how many of their best trials; 1 or more. Only those that still fit the space are taken.
    :param studies: names of further studies, such as ``["dispatch/*"]`` where ``*`` is any text: a new region tries the best points of the
        others first. The best point of each study comes first, its own before the others', then the second best of each. Only for
        ``mode="points"``.
    :raises DeclarationError: when the values of other studies are wanted, or a number of editions that is none.
    """

    mode: Literal["points", "values"] = "points"
    editions: Annotated[StrictInt, Field(ge=1)] | Literal["all"] = 1
    trials: StrictInt = Field(default=10, ge=1)
    # Left out while empty, so that studies of before keep their fingerprints.
    studies: list[Annotated[str, StringConstraints(min_length=1)]] = Field(default=[], exclude_if=operator.not_)

    @field_validator("editions", mode="before")
    @classmethod
    def _a_number_or_all(cls, editions: Any) -> Any:
        if editions == "all" or (type(editions) is int and editions >= 1):
            return editions
        raise DeclarationError(
            f"The earlier editions that a warm start looks into are a whole number from 1, or 'all', but got {brief_repr(editions)}. "
            "Write editions='all'."
        )

    @model_validator(mode="after")
    def _only_points_of_others(self) -> Self:
        if self.studies and self.mode == "values":
            raise DeclarationError(
                f"What other studies measured is not known of this one, but got mode='values' with studies={self.studies!r}. "
                "Write mode='points'."
            )
        return self

    def names(self, study: str) -> bool:
        """Say whether the best points of a study are taken, too."""
        return any(fnmatchcase(study, name) for name in self.studies)
