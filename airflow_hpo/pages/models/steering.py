"""Acts on a running study as a page sends them, and the sentence that it gets."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictInt, StringConstraints

from airflow_hpo.core.study import WhenOver
from airflow_hpo.pages.models.answer import LARGEST, Answer, Asked

_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")


def _speakable(text: str) -> str:
    if _UNSPEAKABLE.search(text):
        raise ValueError("text is UTF-8 without NUL")
    return text


Typed = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(_speakable)]
"""Text that a person types and every database takes."""
Count = Annotated[StrictInt, Field(ge=0, le=LARGEST)]
"""A number that every database takes."""


class SettingsAsked(Asked):
    """Other settings for a running study; what is not sent stays as it is."""

    parallelism: Count | None = None
    max_trials: Count | None = None
    timeout_seconds: Annotated[float, Field(strict=True, le=LARGEST)] | None = None
    """Null, when it is sent, for no limit."""
    sampler: Typed | None = None


class MoreAsked(Asked):
    """More trials than the study wants now."""

    trials: Count


class PointAsked(Asked):
    """A point to be evaluated next; what it leaves out is sampled."""

    params: dict[str, Any]


class EndOfTrialAsked(Asked):
    """The end of one running trial."""


class StopAsked(Asked):
    """The end of a study."""

    reason: Typed | None = None
    running: WhenOver | None = None
    """What becomes of trials that run; null for what the study declares."""


class Steered(Answer):
    """What an act has come to."""

    sentence: str
