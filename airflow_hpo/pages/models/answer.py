"""Base of what the pages' API answers and is sent."""

from pydantic import BaseModel, ConfigDict

LARGEST = 2**31 - 1
"""The largest number that every database takes."""


class Answer(BaseModel):
    """An answer: JSON without NaN and infinite numbers, which become null; another field says what they were."""

    model_config = ConfigDict(ser_json_inf_nan="null", frozen=True)


class Asked(BaseModel):
    """What a page sends: a name that is not known is refused, because it is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)
