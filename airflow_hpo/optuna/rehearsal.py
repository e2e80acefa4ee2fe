"""Rehearsal of a sampler that others wrote: it is asked in memory, before any trial, whether it works when each ask has a new object.

Each trial is asked for by a new object in another process, and no sampler is there when a trial ends. So what it
knows has to come from the study. What it writes is kept where it writes to the study's system attributes and to those of the trial that it is asked
for, as Optuna's own samplers do.
"""

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from airflow_hpo.core.objective import Direction
from airflow_hpo.core.sampler_class import is_class
from airflow_hpo.core.space import grid
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.optuna.class_sampler import built, told
from airflow_hpo.optuna.held_state import held_state, is_optunas
from airflow_hpo.optuna.log_filters import without_announcements
from airflow_hpo.optuna.seen import suggest

ASKS = 12
"""How often one object is asked, which is more than a small population."""
FRESH = 3
"""How many new objects are asked."""
FEW_POINTS = 100
"""In a space of so many points several draws may be the same by chance."""


def rehearse(study: Study) -> None:
    """Refuse a sampler that cannot work for a study.

    :raises DeclarationError: with the reason.
    """
    if is_class(study.sampler.name):
        with without_announcements():
            _Rehearsal(study).play()


class _Rehearsal:
    """One rehearsal; made-up results get better, so that whatever a sampler keeps of the best changes."""

    def __init__(self, study: Study) -> None:
        self._study, self._name = study, study.sampler.name
        self._storage = _Storage()
        direction = (
            StudyDirection.MINIMIZE if study.objective.direction is Direction.MINIMIZE else StudyDirection.MAXIMIZE
        )
        self._sign = -1 if direction is StudyDirection.MINIMIZE else 1
        self._id = self._storage.create_new_study([direction], study.name)
        self._value = 0.0

    def play(self) -> None:
        """Ask one object often, then new ones, and tell one the end of a trial."""
        kept = built(self._study, self._study.name, 1)
        states = []
        for _ in range(ASKS):
            self._end(self._ask(kept)[0])
            states.append(held_state(kept))
        if is_optunas(type(kept)):
            return  # these keep all of it in the study, as is known of them
        self._refuse_writes()
        self._refuse_memory(states[1], states[-1])
        self._refuse_repeats()
        self._refuse_hook(kept)

    def _ask(self, sampler: BaseSampler) -> tuple[FrozenTrial, dict[str, Any]]:
        study = optuna.load_study(study_name=self._study.name, storage=self._storage, sampler=sampler)
        try:
            trial = study.ask()
            params = suggest(trial, self._study.space)
        except Exception as err:
            raise DeclarationError(
                f"The sampler {self._name!r} suggests parameters for this space and one objective, but asked for them it ended in "
                f"{told(err)} Mend it, or write sampler='tpe'."
            ) from err
        return self._storage.get_all_trials(self._id, deepcopy=False)[trial.number], params

    def _end(self, trial: FrozenTrial) -> None:
        self._value += self._sign
        found = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
        self._storage.set_trial_state_values(found, TrialState.COMPLETE, [self._value])

    def _refuse_writes(self) -> None:
        if self._storage.lost:
            raise DeclarationError(
                f"The sampler {self._name!r} writes {', '.join(sorted(self._storage.lost))}, which is not kept: only what is written to the study's "
                "system attributes, and to those of the trial that is asked for, is. Write study._storage.set_study_system_attr(...), as "
                "Optuna's own samplers do."
            )

    def _refuse_memory(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        changed = [name for name in after if before.get(name) != after[name]]
        if changed:
            raise DeclarationError(
                f"The sampler {self._name!r} keeps {', '.join(f'`{name}`' for name in changed)} in its object from one ask to the next, "
                "but each ask has a new one, in another process. Keep that in the study's system attributes, as Optuna's own samplers do; or, "
                f"where it only saves time, write hpo_caches = {tuple(changed)!r} in the class."
            )

    def _refuse_repeats(self) -> None:
        if grid.countable(self._study.space) and grid.size(self._study.space) <= FEW_POINTS:
            return
        points = []
        for seed in range(FRESH):
            trial, params = self._ask(built(self._study, self._study.name, seed))
            self._end(trial)
            points.append(params)
        if all(point == points[0] for point in points):
            raise DeclarationError(
                f"The sampler {self._name!r} suggests what no trial has had, but {FRESH} new objects in a row suggested {points[0]}. "
                "Let it look at the study's trials, because each ask has a new object, in another process."
            )

    def _refuse_hook(self, sampler: BaseSampler) -> None:
        if type(sampler).after_trial is BaseSampler.after_trial:
            return
        trial, _ = self._ask(sampler)
        before = held_state(sampler)
        self._storage.nothing_is_asked()
        study = optuna.load_study(study_name=self._study.name, storage=self._storage, sampler=sampler)
        trouble = None
        try:
            sampler.after_trial(study, trial, TrialState.COMPLETE, [self._value])
        except Exception as err:  # noqa: BLE001 - whatever it does, it would not be done
            trouble = f"ended in {told(err)}"
        learnt = [name for name, value in held_state(sampler).items() if before.get(name) != value]
        trouble = trouble or (f"changes {', '.join(f'`{name}`' for name in learnt)}." if learnt else None)
        trouble = trouble or (f"writes {', '.join(sorted(self._storage.lost))}." if self._storage.lost else None)
        if trouble:
            raise DeclarationError(
                f"A sampler is not there when a trial ends, which may be in another process and days later, but after_trial of {self._name!r} {trouble} "
                "Let it take that from the study's trials when it is asked."
            )


class _Storage(InMemoryStorage):
    """A study in memory that notes what would be lost."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[str] = set()
        self._asked: int | None = None

    def nothing_is_asked(self) -> None:
        """Note from now on whatever is written."""
        self._asked = None

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        self._asked = super().create_new_trial(study_id, template_trial)
        return self._asked

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self.lost.add(f"the study's user attribute {key!r}")
        super().set_study_user_attr(study_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        if self._asked is None:
            self.lost.add(f"the study's system attribute {key!r}")
        super().set_study_system_attr(study_id, key, value)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        self.lost.add(f"a trial's user attribute {key!r}")
        super().set_trial_user_attr(trial_id, key, value)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        if trial_id != self._asked:
            self.lost.add(f"the system attribute {key!r} of a trial that was there before")
        super().set_trial_system_attr(trial_id, key, value)
