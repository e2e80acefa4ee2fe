"""Hook to the studies: the one way from Airflow into the study database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_hpo import conf
from airflow_hpo.core.masking import mask_with, masked
from airflow_hpo.exceptions import DeclarationError, HpoError, StoreUnavailableError
from airflow_hpo.hooks.champion import REQUIRED, read_champion
from airflow_hpo.hooks.connection import default_database, from_connection
from airflow_hpo.hooks.dag_runs import known_state
from airflow_hpo.hooks.default_file import refuse_scattered
from airflow_hpo.hooks.look_up import find_connection
from airflow_hpo.hooks.secrets import hidden
from airflow_hpo.hooks.steering import Steering
from airflow_hpo.hooks.system_user import system_user

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    import optuna
    import pandas as pd

    from airflow_hpo.core.parameter_set import ParameterVersion
    from airflow_hpo.core.trial_details import TrialDetails
    from airflow_hpo.storage.database import Database
    from airflow_hpo.studies.store import Store

# Whatever opens the study database has its texts masked: tasks, triggers, commands, notebooks.
mask_with(hidden)


class HpoHook(Steering, BaseHook):
    """Opens the study database that a connection names.

    Without the connection ``hpo_default`` studies live in ``hpo.db`` in AIRFLOW_HOME: right for one machine, and refused
    where tasks run on several (``[hpo] sqlite_fallback`` turns it off). Reading creates and migrates nothing.

    Example::

        def look(edition):
            hook = HpoHook()
            best = hook.trials(edition).sort_values("value").head(3)
            return best, hook.champion("bikes").params["margin"]

    :param hpo_conn_id: connection of type ``hpo``, ``postgres``, ``mysql`` or ``sqlite``.
    :param patience: seconds to go on trying while the database is away, 0 for not at all; None for
        ``[hpo] database_patience``.
    """

    conn_name_attr = "hpo_conn_id"
    default_conn_name = "hpo_default"
    conn_type = "hpo"
    hook_name = "Hyperparameter optimisation (study database)"

    def __init__(self, hpo_conn_id: str = default_conn_name, patience: float | None = None) -> None:
        super().__init__()
        if not isinstance(hpo_conn_id, str) or not hpo_conn_id:
            raise DeclarationError(
                f"`hpo_conn_id` is the id of one of Airflow's connections, but got {hpo_conn_id!r}. Write HpoHook('hpo_default')."
            )
        self.hpo_conn_id = hpo_conn_id
        self.patience = conf.database_patience() if patience is None else patience

    @cached_property
    def database(self) -> Database:
        """Where studies are kept; nothing is opened or created yet.

        :raises StoreUnavailableError: when the connection could not be looked up.
        :raises StoreRefusedError: when its fields name no database, or Airflow denies it.
        """
        return from_connection(self._connection) if self._connection else default_database()

    @cached_property
    def store(self) -> Store:
        """The study database, ready for work: an SQLite file is created or migrated.

        :raises StoreNotMigratedError: when ``airflow hpo db migrate`` is due.
        :raises StoreRefusedError: when the connection leads to Airflow's own schema, or there is none and tasks run on
            several machines.
        :raises StoreUnavailableError: when the database does not answer, or the connection could not be looked up.
        """
        from airflow_hpo.studies.store import open_store

        return open_store(self.database_to_write(), lock_timeout=conf.lock_timeout(), patience=self.patience)

    @cached_property
    def store_to_read(self) -> Store:
        """The study database as it is: nothing is created or migrated.

        :raises StoreNotMigratedError: when its tables are not those of this version, or there is no such SQLite file.
        :raises StoreUnavailableError: when the database does not answer, or the connection could not be looked up.
        """
        from airflow_hpo.studies.store import open_store

        return open_store(self.database, lock_timeout=conf.lock_timeout(), patience=self.patience, to_read=True)

    def database_to_write(self) -> Database:
        """Return where studies are kept, unless that is the default file and tasks run on several machines.

        :raises StoreRefusedError: when they do.
        """
        if self._connection is None:
            refuse_scattered(self.database, self.hpo_conn_id)
        return self.database

    def get_conn(self) -> Any:
        """Return the SQLAlchemy engine of the study database."""
        return self.store_to_read.database.engine

    def load_study(self, edition: str) -> optuna.Study:
        """Return an edition as Optuna's own study, for notebooks and plots.

        :param edition: ``<study>@<run>``, or the study's name for its newest edition.
        """
        return self.store_to_read.optuna.load(self._edition(edition))

    def trials(self, edition: str) -> pd.DataFrame:
        """Return the trials of an edition, one a row: number, state, value, parameters, metrics, times, oddities.

        :param edition: ``<study>@<run>``, or the study's name for its newest edition.
        :returns: a frame indexed by the trial's number; the column ``problems`` holds sentences about what was odd.
        :raises StudyNotFoundError: when there is no such edition.
        """
        from airflow_hpo.trials.rows import trials_frame

        return trials_frame(self.store_to_read, self._edition(edition))

    def trial(self, study: str, number: int) -> TrialDetails:
        """Return all that is stored about one trial: parameters, result, attempts, oddities, log tails and curves.

        ::

            trial = HpoHook().trial("bikes", 3)
            trial.curve()  # {1: 0.91, 2: 0.67, ...}
            trial.attempts[-1].log_tail

        :param study: the study's name for its newest edition, or an edition: ``<study>@<run>``.
        :param number: the trial's number, 0 or more.
        :returns: :class:`airflow_hpo.core.trial_details.TrialDetails`.
        :raises StudyNotFoundError: when there is no such edition, or it has no such trial.
        """
        from airflow_hpo.trials.rows import trial_details

        return trial_details(self.store_to_read, self._edition(study), number)

    def metric_series(
        self, study: str, number: int | None = None, metric: str | None = None, *, every_attempt: bool = False
    ) -> pd.DataFrame:
        """Return what trials reported while they ran, one value a row.

        ::

            values = HpoHook().metric_series("bikes", metric="loss")
            values.pivot(index="step", columns="number", values="value").plot()

        :param study: the study's name for its newest edition, or an edition: ``<study>@<run>``.
        :param number: only of this trial, 0 or more; None for all.
        :param metric: only of this metric; None for all.
        :param every_attempt: also of attempts that do not count, such as those before a retry.
        :returns: columns ``number``, ``attempt``, ``metric``, ``step``, ``value`` (may be NaN or infinite) and ``reported``
            (UTC), in the order of trials, attempts, metrics and steps; of a study with scenarios also ``scenario``. Of more than
            1,000 values of an attempt's metric later ones are thinned.
        :raises StudyNotFoundError: when there is no such edition.
        """
        from airflow_hpo.trials.rows import metric_series_frame

        return metric_series_frame(
            self.store_to_read, self._edition(study), number, metric, every_attempt=every_attempt
        )

    def studies(self, study: str | None = None, limit: int = 100) -> pd.DataFrame:
        """Return editions of studies, the newest first: name, state, counts of trials, best value and when they started.

        ::

            HpoHook().studies("bikes")[["edition", "best"]]

        :param study: only editions of this study; None for all.
        :param limit: how many at most, 1 or more.
        """
        import pandas as pd

        from airflow_hpo.storage import editions
        from airflow_hpo.studies.rows import edition_row

        store = self.store_to_read
        return pd.DataFrame([edition_row(store, each) for each in store.read(editions.find, study, limit)])

    def drift(self, study: str, limit: int = 100) -> pd.DataFrame:
        """Return how optimum and champion moved, one edition a row, the oldest first.

        :param study: the study's name.
        :param limit: how many of the newest editions at most, 1 or more.
        """
        from airflow_hpo.studies.optimum_drift import drift_frame

        return drift_frame(self.store_to_read, study, limit)

    def plan(self, study: str, parallelism: Iterable[int] = (5, 10, 20), trials: int | None = None) -> pd.DataFrame:
        """Forecast the wall time of a study's next edition from what attempts of its earlier editions took, waits included.

        ::

            HpoHook().plan("bikes", parallelism=[5, 10, 20]).set_index("parallelism")["continuous"]

        :param study: the study's name.
        :param parallelism: how many trials, or their simulations, run at once; each 1 or more.
        :param trials: how many trials, 1 or more; None for as many as the study wants.
        :returns: columns ``parallelism``, ``batches`` and ``continuous`` (seconds, by the dispatch), ``doubling_saves`` (the share
            of the time that twice as many at once would save) and ``pays`` (whether that is 10 % or more).
        :raises DeclarationError: when a number is below 1.
        :raises StudyNotFoundError: when no edition of it has an attempt that has ended.
        """
        import pandas as pd

        from airflow_hpo.studies.phases import plan_study

        return pd.DataFrame(plan_study(self.store_to_read, study, list(parallelism), trials).rows)

    def purge(
        self,
        older_than: str | timedelta,
        archive: str | Path | None = None,
        names: str | Iterable[str] = (),
        *,
        keep_best: int = 0,
        dry_run: bool = False,
    ) -> pd.DataFrame:
        """Archive the trials of old editions as CSV and delete them, except what is still needed.

        What was promoted, compared or is referred to stays, and so does everything of editions that have not ended. Nothing
        is deleted that was not archived. When it was killed, the next call goes on. ::

            HpoHook().purge("180d", "/archive/hpo", "dispatch/*", keep_best=10)

        :param older_than: how long ago an edition must have ended: ``"180d"``, ``"26w"``, ``"12h"``, or a timedelta.
        :param archive: folder that gets one file an edition, with the columns of :meth:`trials`; needed unless ``dry_run``.
        :param names: only these studies or editions; also patterns with ``*`` and ``?``. None for all.
        :param keep_best: how many of the best trials of each edition stay, 0 or more.
        :param dry_run: whether to delete nothing, and only return what would be deleted.
        :returns: one edition a row: ``edition``, ``ended``, ``trials``, ``deleted``, ``kept``, ``why`` (why it stays as it
            is) and ``archive``.
        :raises DeclarationError: when an age or a number is none.
        :raises StudyNotFoundError: when a name means no edition at all.
        :raises ArchiveError: when trials cannot be archived; those of this edition stay.
        """
        import pandas as pd

        from airflow_hpo.core.purge import age_of
        from airflow_hpo.retention.plan import Planner, Rule
        from airflow_hpo.retention.purge import purge_editions, required_folder

        rule = Rule(age_of(older_than), keep_best, [names] if isinstance(names, str) else list(names))
        folder = None if dry_run else required_folder(archive)
        store = self.store_to_read if dry_run else self.store
        planner = Planner(store, rule, known_state)
        plans = [each for each in planner.plans() if each.due or each.why_not]
        done: dict[str, str] = {}
        if folder is not None:
            due = [each for each in plans if each.due]
            done = {each.edition: each.archive for each in purge_editions(store, planner, due, folder, system_user())}
        columns = ["edition", "ended", "trials", "deleted", "kept", "why", "archive"]
        return pd.DataFrame([{**p.row, "archive": done.get(p.edition.name)} for p in plans], columns=columns)

    def evaluations(self, editions: str | Iterable[str]) -> pd.DataFrame:
        """Return evaluations, one a row: candidate, scenario, variant, replicate, metrics; failed ones lack their metrics.

        ``failure_kind`` of a failed one is the kind of failure that counts, or ``"taken_back"``.

        :param editions: one edition that evaluates, or several, such as the looks of one comparison: what a collecting task
            returns as ``evaluation``.
        :raises StudyNotFoundError: when one of them is not in the store, or tunes.
        """
        from airflow_hpo.evaluations.run import evaluations_frame

        return evaluations_frame(self.store_to_read, [editions] if isinstance(editions, str) else editions)

    def champion(self, name: str, default: Mapping[str, Any] = REQUIRED) -> ParameterVersion:
        """Return the version of a parameter set that production uses: ``hook.champion("dispatch/tokyo").params["x"]``.

        While the store does not answer, or does not have it, the champion's mirror is read: an Airflow Variable.

        :param name: the parameter set.
        :param default: parameters to use, as version 0, while none was ever promoted. An SQLite file that does not exist
            is told in the log.
        :raises ParameterSetNotFoundError: when there is none.
        :raises StoreUnavailableError: when the store does not answer, or its connection or the mirror could not be looked
            up, and nothing mirrors it.
        """
        return read_champion(lambda: self.database, name, default)

    def champions(self) -> list[ParameterVersion]:
        """Return the champion of every parameter set, by name."""
        from airflow_hpo.storage import parameter_sets

        return self.store_to_read.read(parameter_sets.versions_in_use)

    def promotions(self, name: str | None = None) -> pd.DataFrame:
        """Return how champions moved, the newest move first: name, versions, action, who, why, when.

        :param name: only of this parameter set; None for all.
        """
        from airflow_hpo.parameter_sets.history import promotions_frame

        return promotions_frame(self.store_to_read, name)

    def comparisons(
        self, study: str | None = None, *, parameter_set: str | None = None, limit: int = 100
    ) -> pd.DataFrame:
        """Return what was compared and decided, the newest first: challenger, verdict, effect, p-value, sentence, run.

        ``charged`` is what each was charged of the error budget, NaN where it is from before there was one, and ``left`` what it left.

        :param study: only of this study; None for all.
        :param parameter_set: only about this parameter set; None for all.
        :param limit: how many at most.
        """
        import pandas as pd

        from airflow_hpo.evaluations.compare import comparison_rows

        return pd.DataFrame(comparison_rows(self.store_to_read, family=study, parameter_set=parameter_set, limit=limit))

    def test_connection(self) -> tuple[bool, str]:
        """Say whether the database answers and has its tables (Airflow's *Test* button)."""
        try:
            hook = HpoHook(self.hpo_conn_id, patience=0)
            if not hook.database.exists:
                return True, f"The first study makes the file {hook.database_to_write().name}."
            return True, f"Studies are kept in {hook.store_to_read.database.name}."
        except HpoError as err:
            return False, masked(str(err))

    def _edition(self, study: str) -> str:
        from airflow_hpo.studies.rows import find_edition

        return find_edition(self.store_to_read, study).name

    @cached_property
    def _connection(self) -> Connection | None:
        """The connection; None when it is the default one and is not defined."""
        if found := find_connection(self.hpo_conn_id, self.patience):
            return found
        if self.hpo_conn_id != self.default_conn_name:
            raise AirflowNotFoundException(f"The connection {self.hpo_conn_id!r} of the studies is not defined.")
        if not conf.sqlite_fallback():
            raise StoreUnavailableError(
                f"[hpo] sqlite_fallback is off, so studies need the connection {self.hpo_conn_id!r}, "
                "which cannot be found. Define it, or see why it cannot be looked up."
            )
        return None
