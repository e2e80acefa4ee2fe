"""A study's trials as this process knows them: those that have ended are read once, because they cannot change."""

from optuna.trial import FrozenTrial

from airflow_hpo.optuna import attributes
from airflow_hpo.optuna.read import StoredStudy, StudyReader, counted


class TrialCache:
    """Reads a study again and again, each time only from its first unfinished trial on.

    A result that a person takes back is noticed: then all trials are read again. One that is run again is noticed by the later
    trial that replaces it. One thread at a time.
    """

    def __init__(self, edition: str) -> None:
        self.edition = edition
        self._trials: list[FrozenTrial] = []

    def snapshot(self, reader: StudyReader) -> tuple[StoredStudy, list[FrozenTrial]]:
        """Return the study and all its trials by number, as they are now."""
        settled = next((i for i, t in enumerate(self._trials) if not t.state.is_finished()), len(self._trials))
        stored, fresh, invalid = reader.changes_since(self.edition, settled)
        if invalid != {t.number for t in self._trials[:settled] if attributes.INVALID in t.user_attrs}:
            settled = 0
            stored, fresh, _ = reader.changes_since(self.edition, settled)
        self._trials = counted(self._trials[:settled] + fresh)
        return stored, self._trials
