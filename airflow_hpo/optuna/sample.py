"""Sampling of the next trials' parameters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial

from airflow_hpo.core.sampler_class import is_class
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.space import grid
from airflow_hpo.core.space.constraint import breach, check_kept
from airflow_hpo.core.space.space import Params, check_point
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin
from airflow_hpo.core.trial_key import without_window
from airflow_hpo.exceptions import DeclarationError, PermanentHpoError
from airflow_hpo.optuna.class_sampler import told
from airflow_hpo.optuna.distributions import canonical_point
from airflow_hpo.optuna.excesses import seen, typical
from airflow_hpo.optuna.log_filters import without_announcements
from airflow_hpo.optuna.points import (
    UNIFORM_DRAWS,
    GivenPoint,
    GridWalk,
    Visited,
    given_points,
    random_kept,
    unseen_point,
)
from airflow_hpo.optuna.read import StoredStudy
from airflow_hpo.optuna.refused import DRAWS, KEPT, SHOWN_TO, infeasible, shown, worst_value
from airflow_hpo.optuna.samplers import inherit_search_space, sampler_for
from airflow_hpo.optuna.seen import seen_point, seen_trials, suggest
from airflow_hpo.optuna.snapshot import Snapshot

TRIES = 5
"""How often a sampler may propose a point that a discrete space has seen before an unseen one is drawn instead."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A trial to be, before it has a number."""

    params: Params
    point: GivenPoint | None = None
    system_attrs: dict[str, Any] = field(default_factory=dict)
    """What the sampler notes on the trial, such as its generation."""

    refused: list[Params] = field(default_factory=list)
    """What the sampler drew before, and what breaks a constraint."""

    @property
    def origin(self) -> Origin:
        """Where the parameters come from."""
        return self.point.origin if self.point else Origin.SAMPLER


class SamplingRound:
    """One round of asking, on the trials as they were when it began.

    Each draft is seen by the next ones as a running trial, so that a batch spreads out.
    """

    def __init__(self, study: Study, stored: StoredStudy, trials: list[FrozenTrial]) -> None:
        # All windows that a run tunes on try the same points, until these have taught the sampler something.
        self._study, self._edition = study, without_window(stored.name)
        self._worst = worst_value(study, trials) if study.parameter_constraints else 0.0
        known, refused = shown(study, seen(study, trials), self._worst)
        self._typical = typical(study, known)
        copied = Snapshot(stored, seen_trials(study.space, known), seen_trials(study.space, refused))
        self._snapshot, self._shown = copied, len(refused)
        self._visited = Visited(study.space, trials)
        self._given = given_points(study, stored, trials)
        self._grid = GridWalk(study, self._edition, self._visited) if study.sampler.name == "grid" else None
        self._earlier: BaseSampler | None = None
        self._countable = grid.countable(study.space)
        self.refused: dict[int, str] = {}
        """Why waiting trials, by number, are never run."""

    def next(self, key: str) -> Draft | None:
        """Return the next trial; None when a grid has no point left."""
        for point in self._given:
            draft = self._enqueued(point, key) if point.replaces is not None else self._at(point, key)
            if draft is not None:
                return self._noted(draft)
        draft = self._from_grid() if self._grid else self._sampled(key)
        return self._noted(draft) if draft else None

    @property
    def changed_system_attrs(self) -> dict[str, Any]:
        """What the samplers have written to the study."""
        return self._snapshot.changed_system_attrs

    def _noted(self, draft: Draft) -> Draft:
        self._visited.add(draft.params)
        return draft

    def _at(self, point: GivenPoint, key: str) -> Draft | None:
        return self._from_grid(point) if self._grid else self._completed(point, key)

    def _enqueued(self, point: GivenPoint, key: str) -> Draft | None:
        """Return the trial for one that Optuna's own API enqueued, which takes any value; None when there is none."""
        try:
            params = check_point(self._study.space, point.params)
            check_kept(self._study.parameter_constraints, params)
            draft = self._at(replace(point, params=params), key)
            if draft is None:
                raise DeclarationError(
                    f"A point is tried once, but another trial has {point.params}. Enqueue another one."
                )
        except DeclarationError as err:
            self.refused[point.replaces or 0] = str(err)
            return None
        return draft

    def _from_grid(self, point: GivenPoint | None = None) -> Draft | None:
        wanted = canonical_point(self._study.space, point.params) if point else {}
        params = self._grid.next(wanted) if self._grid else None
        return Draft(params, point) if params is not None else None

    def _completed(self, point: GivenPoint, key: str) -> Draft | None:
        draft = self._kept(key, fixed=point.params)
        known = self._visited.has(draft.params) and draft.params.keys() <= point.params.keys()
        # The champion's metrics are limits, also where its value was taken over: they are measured on the data of this edition.
        needed = point.origin is Origin.CHAMPION and any(each.relative for each in self._study.metric_constraints)
        if known and not needed:
            # A point that is complete and known already: what a start point and a warm start have in common.
            self._take_back()
            return None
        return replace(draft, point=point)

    def _sampled(self, key: str) -> Draft:
        if not self._countable:
            return self._kept(key)
        for attempt in range(TRIES):
            draft = self._kept(key, attempt)
            if not self._visited.has(draft.params):
                return draft
            self._take_back()
        return self._kept(key, TRIES, self._unseen(key))

    def _unseen(self, key: str) -> Params | None:
        seed = derived_seed(self._study.seed, self._edition, key, "unseen")
        return unseen_point(self._study.space, self._visited, seed, self._study.parameter_constraints)

    def _kept(self, key: str, attempt: int = 0, fixed: Params | None = None) -> Draft:
        """Return a draw that keeps the constraints: the sampler's, or one at random where its draws break one again and again.

        :raises DeclarationError: when no draw keeps them.
        """
        refused: list[Params] = []
        for turn in range(DRAWS):
            draft = self._proposed(key, attempt, fixed, turn)
            said = breach(self._study.parameter_constraints, draft.params)
            if said is None:
                return replace(draft, refused=refused[-KEPT:])
            refused.append(draft.params)
            self._refuse(draft.params)
        seed = derived_seed(self._study.seed, self._edition, key, attempt, "kept")
        params = random_kept(self._study, fixed or {}, seed)
        if params is None:
            given = f" with {fixed} given" if fixed else ""
            raise DeclarationError(
                f"A trial of {self._edition!r} keeps every constraint, but {DRAWS + UNIFORM_DRAWS:,} draws{given} in a row broke one, as "
                f"{said}. Write ranges of which more than a thousandth keeps Study(constraints={self._study.parameter_constraints!r})."
            )
        return replace(self._proposed(key, attempt, params, DRAWS), refused=refused[-KEPT:])

    def _refuse(self, params: Params) -> None:
        """Show the sampler that its last draw is infeasible, where it learns from that."""
        if self._study.sampler.name not in SHOWN_TO:
            self._take_back()
            return
        ended = infeasible(self._study, params, self._worst, self._typical)
        self._snapshot.end(*seen_trials(self._study.space, [ended]))
        self._shown += 1

    def _proposed(self, key: str, attempt: int = 0, fixed: Params | None = None, turn: int = 0) -> Draft:
        """Ask the sampler; the trial stays in the snapshot, where the next ones see it running."""
        again = [attempt, turn] if turn else [attempt] if attempt else []
        seed = derived_seed(self._study.seed, self._edition, key, *again)
        study = self._snapshot.study(self._sampler(seed))
        if fixed:
            study.enqueue_trial(seen_point(self._study.space, fixed))
        with self._told():
            trial = study.ask()
            params = suggest(trial, self._study.space)
        # A value that was given is kept to the last digit, whatever the sampler sees of it.
        given = {name: self._study.space[name].canonical(value) for name, value in (fixed or {}).items()}
        params |= {name: value for name, value in given.items() if name in params}
        self._last = self._snapshot.trial(trial.number)
        return Draft(params, system_attrs=dict(self._last.system_attrs))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what goes wrong inside a sampler that others wrote; asking it again would not help."""
        if not is_class(self._study.sampler.name):
            yield
            return
        try:
            with without_announcements():
                yield
        except Exception as err:
            raise PermanentHpoError(
                f"The sampler {self._study.sampler.name!r} gave {self._edition!r} no parameters: {told(err)} Mend it, and clear this task."
            ) from err

    def _sampler(self, seed: int) -> BaseSampler:
        sampler = sampler_for(self._study, self._edition, seed, self._shown)
        if isinstance(sampler, RandomSampler):
            return sampler
        if self._earlier is not None:
            inherit_search_space(sampler, self._earlier)
        self._earlier = sampler
        return sampler

    def _take_back(self) -> None:
        self._snapshot.take_back(self._last)
