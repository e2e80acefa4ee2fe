"""Column types that mean the same on every database."""

import math
import sys
from datetime import UTC, datetime

from sqlalchemy import DateTime, Double, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from airflow_hpo.core.masking import masked


class UtcDateTime(TypeDecorator[datetime]):
    """A time, timezone-aware in Python and UTC in the database, which may know no time zones."""

    impl = DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times and store others in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A stored time must have a time zone, but got {value!r}. Use datetime.now(UTC).")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Reported(TypeDecorator[float]):
    """A reported number: NaN is NULL, and MySQL, which has no infinity, keeps it as the largest double."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """Turn what a database cannot hold into what it can."""
        if value is None or math.isnan(value):
            return None
        if math.isinf(value) and dialect.name == "mysql":
            return math.copysign(sys.float_info.max, value)
        return value

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:
        """Turn it back."""
        if value is None:
            return math.nan
        if dialect.name == "mysql" and abs(value) == sys.float_info.max:
            return math.copysign(math.inf, value)
        return value


class PlainText(TypeDecorator[str]):
    """Text of any origin: characters that a database refuses (NUL, lone surrogates) become replacement characters."""

    impl = Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what cannot be stored."""
        if value is None:
            return None
        return value.replace("\x00", "\ufffd").encode(errors="replace").decode()


class ToldText(PlainText):
    """Text for people: a reason, a sentence, the last lines of a log. Secrets in it are masked before they are stored."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Mask what must not be stored, then replace what cannot be."""
        return super().process_bind_param(value and masked(value), dialect)


def utc_now() -> datetime:
    """Return the current time, timezone-aware, in UTC."""
    return datetime.now(UTC)
