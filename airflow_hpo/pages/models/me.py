"""Answer to who looks at the pages, and whether there is a study database to look at."""

from typing import Literal

from airflow_hpo.pages.models.answer import Answer

DatabaseState = Literal["ok", "absent", "away", "not_migrated", "newer"]


class DatabaseLook(Answer):
    """How the study database is; unless it is ``ok``, one sentence says what to do."""

    state: DatabaseState
    message: str | None = None


class Me(Answer):
    """The person of a session, the version of this package, and the path that Airflow is served under."""

    user: str
    version: str
    base: str
    database: DatabaseLook
    may_move_champions: bool
