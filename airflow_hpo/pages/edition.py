"""Edition of a page, found by the number that stands in its address."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from sqlalchemy.orm import Session

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial_key import is_companion
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage.editions import edition_of
from airflow_hpo.storage.tables import EditionRow


@dataclass(frozen=True)
class Numbered:
    """An edition with the number by which pages name it: names hold ``@``, ``:`` and ``+``."""

    id: int
    edition: Edition
    text: str
    """Its declaration as it is stored."""

    @classmethod
    def of(cls, row: EditionRow) -> Self:
        """Return the edition of a row."""
        return cls(row.id, edition_of(row), row.declaration)

    @property
    def study(self) -> Study:
        """Its declaration, read once for all editions that were declared alike."""
        return _study(self.text)


def numbered(session: Session, number: int) -> Numbered:
    """Return the edition of a number; simulations of a trial are a part of their study and have no page."""
    row = session.get(EditionRow, number)
    if row is None or is_companion(row.name):
        raise no_such_study(number)
    return Numbered.of(row)


def no_such_study(number: int) -> StudyNotFoundError:
    """Return the error for a study that is not there, which is also that for one that may not be read."""
    return StudyNotFoundError(
        f"A study's page needs a study that you may read, but got {number}. Open the list of studies."
    )


@lru_cache(maxsize=1024)
def _study(text: str) -> Study:
    return Study.from_dict(json.loads(text))
