"""Warm start of a study from its earlier editions, as it is declared."""

from typing import Literal

from pydantic import Field, StrictInt

from airflow_hpo.core.declared import Declared


class WarmStart(Declared):
    """What a new edition takes over from earlier ones of the same study, as far as they had the same objective.

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
        ``"values"`` takes their results as known (right when they have not).
    :param editions: from how many of the newest earlier editions that have results which fit the space; 1 or more.
    :param trials: how many of their best trials; 1 or more. Only those that still fit the space are taken.
    """

    mode: Literal["points", "values"] = "points"
    editions: StrictInt = Field(default=1, ge=1)
    trials: StrictInt = Field(default=10, ge=1)
