"""Studies played in memory: the trials of one round are the history of the next."""

from __future__ import annotations

from collections.abc import Callable

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from airflow_hpo.core.space.space import Params
from airflow_hpo.core.study import Study
from airflow_hpo.optuna import attributes
from airflow_hpo.optuna.distributions import distributions_of
from airflow_hpo.optuna.read import StoredStudy
from airflow_hpo.optuna.sample import Draft, SamplingRound


class History:
    """A study and its trials as the database would hold them.

    :param study: the declaration.
    :param edition: its name.
    """

    def __init__(self, study: Study, edition: str = "demo@1") -> None:
        self.study = study
        self.stored = StoredStudy(1, edition, [StudyDirection.MINIMIZE], {}, {})
        self.trials: list[FrozenTrial] = []

    def ask(self, *keys: str) -> list[Draft]:
        """Ask for one batch, whose trials are then running."""
        asking = SamplingRound(self.study, self.stored, list(self.trials))
        drafts = [draft for key in keys if (draft := asking.next(key)) is not None]
        self.stored.system_attrs.update(asking.changed_system_attrs)
        for key, draft in zip(keys, drafts):
            self.add(key, draft.params, TrialState.RUNNING, draft=draft)
        return drafts

    def add(
        self,
        key: str,
        params: Params,
        state: TrialState = TrialState.COMPLETE,
        value: float | None = None,
        draft: Draft | None = None,
    ) -> FrozenTrial:
        """Add a trial; its id differs from its number, as in a database that holds other studies."""
        trial = create_trial(
            state=state,
            value=value,
            params=params,
            distributions=distributions_of(self.study.space, params),
            user_attrs={attributes.KEY: key}
            | ({attributes.POINT: draft.point.fingerprint} if draft and draft.point else {}),
            system_attrs=draft.system_attrs if draft else {},
        )
        trial.number, trial._trial_id = len(self.trials), 1000 + 7 * len(self.trials)
        self.trials.append(trial)
        return trial

    def end(self, number: int, state: TrialState, value: float | None = None) -> None:
        """Finish a running trial."""
        trial = self.trials[number]
        trial.state, trial.value, trial.datetime_complete = state, value, trial.datetime_start

    def play(self, batches: int, size: int, objective: Callable[[Params], float]) -> list[list[Draft]]:
        """Ask and complete whole batches; return their drafts."""
        played = []
        for batch in range(batches):
            played.append(self.ask(*(f"{batch}/{index}" for index in range(size))))
            for trial in self.trials[-len(played[-1]) :]:
                self.end(trial.number, TrialState.COMPLETE, objective(trial.params))
        return played
