"""Methods of the hook that steer running studies; each act is kept with who did it and when."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_hpo.hooks.system_user import system_user

if TYPE_CHECKING:
    import pandas as pd

    from airflow_hpo.core.edition import Edition
    from airflow_hpo.core.study import WhenOver
    from airflow_hpo.studies.stop import Stop
    from airflow_hpo.studies.store import Store
    from airflow_hpo.trials.steer import Added, EndAsked


class Steering:
    """Part of the hook: points added, trials ended, studies changed and stopped."""

    if TYPE_CHECKING:

        @cached_property
        def store(self) -> Store:
            """See the hook."""

        @cached_property
        def store_to_read(self) -> Store:
            """See the hook."""

        def _edition(self, study: str) -> str: ...

    def add_trial(self, study: str, params: Mapping[str, Any]) -> Added:
        """Have a point evaluated next, before what the sampler would suggest.

        It takes one of the trials that the study still wants. The same point, while it waits, is not added again. ::

            HpoHook().add_trial("bikes", {"lr": 0.01})

        :param study: the study's name for its newest edition, or an edition: ``<study>@<run>``.
        :param params: values by name, in the declared ranges (7.0 is 7 for an :class:`Int`); what is left out is sampled.
        :returns: ``number`` of the waiting trial, which the trial that runs replaces, ``params``, and ``again``.
        :raises DeclarationError: when the point is not in the space, or another trial has it.
        :raises PermanentHpoError: when the study is over, or wants no further trial.
        :raises StudyNotFoundError: when there is no such edition.
        """
        from airflow_hpo.trials.steer import add_trial

        return add_trial(self.store, self._steered(study), params, system_user())

    def end_trial(self, study: str, number: int) -> EndAsked:
        """End a running trial: its program or pod is ended within seconds, and it is pruned, which is no failure.

        One that was suggested and has not begun does not begin. ::

            HpoHook().end_trial("bikes", 7)

        :param study: the study's name for its newest edition, or an edition: ``<study>@<run>``.
        :param number: the trial's number, 0 or more.
        :returns: ``begun``, whether a program of it runs, and ``again``, whether its end was asked for before.
        :raises PermanentHpoError: when the trial does not run, or runs as a group of tasks.
        :raises StudyNotFoundError: when there is no such edition or trial.
        """
        from airflow_hpo.trials.steer import end_trial

        return end_trial(self.store, self._steered(study), number, system_user())

    def stop_study(self, study: str, reason: str | None = None, running: WhenOver | None = None) -> Stop:
        """Let a study start nothing further; its best trial so far is the result.

        ::

            HpoHook().stop_study("bikes", "Good enough.", running="stop")

        :param study: the study's name for its newest edition, or an edition: ``<study>@<run>``.
        :param reason: why, in one sentence; None for who asked. The first reason is kept.
        :param running: what becomes of trials that run: ``"finish"`` leaves them to finish, ``"stop"`` ends them as pruned;
            None for the study's ``when_over``.
        :returns: ``running`` and ``waiting``, the numbers of the trials that run and that do not start any more.
        :raises StudyNotFoundError: when there is no such edition.
        """
        from airflow_hpo.studies.stop import request_stop

        by = system_user()
        return request_stop(self.store, self._steered(study), reason or f"{by} asked for it.", running, by)

    def set_study(self, study: str, **settings: Any) -> Edition:
        """Give a running study another ``parallelism``, ``max_trials``, ``timeout`` or ``sampler``.

        It takes effect within seconds with ``dispatch="continuous"``, else at the next batch, and holds for this run alone. Trials that
        were asked for before come to their end, also those of a batch that is larger than a lower ``parallelism``. ::

            HpoHook().set_study("bikes", parallelism=4, sampler="random")

        :param study: the study's name for its newest edition, or an edition: ``<study>@<run>``.
        :param settings: values as :class:`Study` takes them, checked together; ``timeout=None`` for no limit.
        :returns: the edition; ``edition.differs`` says in what it differs from its file.
        :raises DeclarationError: when a value is none, or the parallelism is above ``max_parallelism``.
        :raises PermanentHpoError: when the study is over, or its tasks were laid out for fewer trials.
        :raises StudyNotFoundError: when there is no such edition.
        """
        from airflow_hpo.studies.steer import set_study

        return set_study(self.store, self._steered(study), settings, system_user())

    def extend_study(self, study: str, trials: int) -> Edition:
        """Have a running study want more trials.

        ::

            HpoHook().extend_study("bikes", 20)

        :param study: the study's name for its newest edition, or an edition: ``<study>@<run>``.
        :param trials: how many more, 1 or more.
        :returns: the edition, with ``edition.study.max_trials``.
        :raises PermanentHpoError: when the study is over, or its tasks were laid out for fewer trials.
        :raises StudyNotFoundError: when there is no such edition.
        """
        from airflow_hpo.studies.steer import extend_study

        return extend_study(self.store, self._steered(study), trials, system_user())

    def acts(self, study: str) -> pd.DataFrame:
        """Return what people did to an edition while it ran, the first act first: act, by, at, number and details.

        :param study: the study's name for its newest edition, or an edition: ``<study>@<run>``.
        :raises StudyNotFoundError: when there is no such edition.
        """
        from dataclasses import asdict

        import pandas as pd

        from airflow_hpo.storage import acts

        found = self.store_to_read.read(acts.of, self._edition(study))
        return pd.DataFrame([asdict(act) for act in found], columns=["act", "by", "at", "number", "details"])

    def _steered(self, study: str) -> str:
        from airflow_hpo.studies.rows import find_edition

        return find_edition(self.store, study).name
