"""Periods cut into scenarios: days, weeks, or any other length."""

from datetime import timedelta

from pydantic import TypeAdapter

from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.window import Offset, Period, brief
from airflow_hpo.exceptions import DeclarationError

_LENGTH: TypeAdapter[timedelta] = TypeAdapter(Offset)


def length_of(every: timedelta | str) -> timedelta:
    """Return the length of a scenario."""
    try:
        length = _LENGTH.validate_python(every)
    except ValueError:
        length = timedelta(0)
    if length <= timedelta(0):
        raise DeclarationError(
            f"The length of a scenario is a positive timedelta or text such as '1d' or '1w', but got {every!r}. Write one."
        )
    return length


def split(period: Period, every: timedelta | str) -> list[Scenario]:
    """Cut a period into scenarios of equal length, each of which has its own period.

    They are aligned to the period's end, because the newest data are the ones that matter; what remains at its start is
    left out, so that no scenario is shorter than the others.
    """
    length = length_of(every)
    count = (period.end - period.start) // length
    if count == 0:
        raise DeclarationError(
            f"A period holds at least one scenario, but {period} is shorter than {brief(length)}. "
            "Lengthen the window or shorten the scenarios."
        )
    starts = [period.end - length * n for n in range(count, 0, -1)]
    return [Scenario(_name(start.isoformat()), period=Period(start=start, end=start + length)) for start in starts]


def _name(moment: str) -> str:
    """Return a moment without what does not tell scenarios apart: midnight."""
    return moment.partition("T00:00:00")[0]
