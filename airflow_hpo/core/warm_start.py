"""Warm start of a study from its earlier editions and from a file, as it is declared."""

import operator
from fnmatch import fnmatchcase
from pathlib import PurePath, PurePosixPath
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
    :param results: absolute path of a CSV file with results from elsewhere, a row each: a column for each parameter, and one with the name
        of the metric, or ``value``. What ``trials_dataframe()`` of an Optuna study, or an export of trials, writes is such a file. ``start``
        reads it, takes what fits the space and the constraints, and names what it left out; None for no file.
    :raises DeclarationError: when the values of other studies are wanted, a number of editions that is none, or a file that is no absolute
        path of a CSV file.
    """

    mode: Literal["points", "values"] = "points"
    editions: Annotated[StrictInt, Field(ge=1)] | Literal["all"] = 1
    trials: StrictInt = Field(default=10, ge=1)
    # Left out while empty, so that studies of before keep their fingerprints.
    studies: list[Annotated[str, StringConstraints(min_length=1)]] = Field(default=[], exclude_if=operator.not_)
    results: str | None = Field(default=None, exclude_if=operator.not_)

    @field_validator("editions", mode="before")
    @classmethod
    def _a_number_or_all(cls, editions: Any) -> Any:
        if editions == "all" or (type(editions) is int and editions >= 1):
            return editions
        raise DeclarationError(
            f"The earlier editions that a warm start looks into are a whole number from 1, or 'all', but got {brief_repr(editions)}. "
            "Write editions='all'."
        )

    @field_validator("results", mode="before")
    @classmethod
    def _an_absolute_path(cls, results: Any) -> Any:
        if results is None:
            return None
        path = PurePosixPath(results) if isinstance(results, str | PurePath) else None
        if path is None or not path.is_absolute() or path.suffix != ".csv":
            raise DeclarationError(
                "Results from elsewhere are in a CSV file with an absolute path, since tasks run in other folders, but got "
                f"{brief_repr(results)}. Write results=str(Path(__file__).parent / 'results.csv')."
            )
        return str(path)

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
