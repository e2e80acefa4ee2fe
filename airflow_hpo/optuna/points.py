"""Points that need no sampler: those given beforehand, those of a grid, and those a discrete space has left."""

import math
import random
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from optuna.trial import FrozenTrial, TrialState

from airflow_hpo.core.declared import fingerprint as fingerprint_of
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.space import grid
from airflow_hpo.core.space.constraint import breach
from airflow_hpo.core.space.space import Choice, Float, Int, Parameter, Params, Space
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin
from airflow_hpo.optuna import attributes
from airflow_hpo.optuna.distributions import canonical_point
from airflow_hpo.optuna.read import StoredStudy
from airflow_hpo.optuna.seen import has_shares

DRAWS = 100
"""How many random points are drawn in search of an unseen one before all are enumerated."""
UNIFORM_DRAWS = 10_000
"""How many of them are drawn in search of one that keeps the constraints: some tenths of a second."""
MOST_VISITED = 100_000
"""How many points of a space are enumerated at most in search of one that keeps them."""
FAILURES = 2
"""How often a point of a grid may fail with one program: once more tells a bad point from bad luck, then it is left out."""


@dataclass(frozen=True, slots=True)
class GivenPoint:
    """A point that was asked for, complete or not."""

    params: Params
    origin: Origin
    replaces: int | None = None
    """The waiting trial that asked for it, when it was enqueued from a notebook or dashboard."""

    @property
    def fingerprint(self) -> str:
        """What its trial carries, so that no point is evaluated twice."""
        return fingerprint_of([self.params, self.replaces])


def identity(space: Space, params: Params) -> Hashable:
    """Return what equal points share."""
    return tuple(sorted((name, repr(value)) for name, value in canonical_point(space, params).items()))


class Visited:
    """Which points the trials of a study have; worked out at the first question, which few studies ask."""

    def __init__(self, space: Space, trials: Collection[FrozenTrial]) -> None:
        self._space = space
        self._trials = trials
        self._added: set[Hashable] = set()

    def has(self, params: Params) -> bool:
        """Say whether a trial that did not fail has this point."""
        return self.has_identity(identity(self._space, params))

    def has_identity(self, point: Hashable) -> bool:
        """Say the same of a point's identity."""
        return point in self._added or point in self._taken

    def add(self, params: Params) -> None:
        """Note a new trial."""
        self._added.add(identity(self._space, params))

    def __len__(self) -> int:
        return len(self._added | self._taken)

    def failed(self, point: Hashable) -> bool:
        """Say whether a trial with this point has failed, those apart that others replace."""
        return point in self._failures

    def given_up(self, point: Hashable) -> bool:
        """Say whether a point has failed as often as it may with one and the same program."""
        return max(self._failures.get(point, {}).values(), default=0) >= FAILURES

    @cached_property
    def _failures(self) -> dict[Hashable, Counter[str | None]]:
        """How often each point has failed, by the fingerprint of the program; None where it did not get so far."""
        replaced = {trial.user_attrs.get(attributes.REPLACES) for trial in self._trials}
        counts: dict[Hashable, Counter[str | None]] = {}
        for trial in self._trials:
            # One that never began was enqueued and is not run.
            if trial.state is TrialState.FAIL and trial.datetime_start and trial.number not in replaced:
                count = counts.setdefault(identity(self._space, trial.params), Counter())
                count[trial.user_attrs.get(attributes.WORK)] += 1
        return counts

    @cached_property
    def failed_points(self) -> list[Params]:
        """The points that have failed, the earliest first."""
        failed = (trial for trial in self._trials if trial.state is TrialState.FAIL)
        return [canonical_point(self._space, trial.params) for trial in failed]

    @cached_property
    def _taken(self) -> set[Hashable]:
        unused = (TrialState.FAIL, TrialState.WAITING)
        return {identity(self._space, trial.params) for trial in self._trials if trial.state not in unused}


def given_points(study: Study, stored: StoredStudy, trials: Iterable[FrozenTrial]) -> Iterator[GivenPoint]:
    """Yield the points to be evaluated first that no trial has taken: champion, start points, warm starts, enqueued ones."""
    evaluated = {trial.user_attrs.get(attributes.POINT) for trial in trials}
    for point in _all_given(study, stored, trials):
        if point.fingerprint not in evaluated:
            evaluated.add(point.fingerprint)
            yield point


def _all_given(study: Study, stored: StoredStudy, trials: Iterable[FrozenTrial]) -> Iterator[GivenPoint]:
    if champion := stored.user_attrs.get(attributes.CHAMPION):
        yield GivenPoint(champion, Origin.CHAMPION)
    yield from (GivenPoint(dict(params), Origin.START_POINT) for params in study.start_points)
    yield from (GivenPoint(params, Origin.WARM_START) for params in stored.user_attrs.get(attributes.WARM_POINTS, []))
    for trial in trials:
        if trial.state is TrialState.WAITING:
            yield GivenPoint(trial.system_attrs.get("fixed_params", {}), Origin.START_POINT, replaces=trial.number)


class GridWalk:
    """All points of a grid in an order shuffled once per edition; those that failed once come again after the others."""

    def __init__(self, study: Study, edition: str, visited: Visited) -> None:
        self._space, self._visited, self._constraints = study.space, visited, study.parameter_constraints
        self._seed = derived_seed(study.seed, edition, "grid")
        self._walk = self._untouched({})

    def next(self, given: Params) -> Params | None:
        """Return the next point; None when all are taken or have failed for good."""
        fresh = next(self._untouched(given) if given else self._walk, None)
        return fresh if fresh is not None else self._second_try(given)

    def _untouched(self, given: Params) -> Iterator[Params]:
        count = grid.size(self._space, given)
        for index in range(count):
            point = grid.point(self._space, grid.shuffled(index, count, self._seed), given)
            known = identity(self._space, point)
            untouched = not self._visited.has_identity(known) and not self._visited.failed(known)
            if untouched and breach(self._constraints, point) is None:
                yield point

    def _second_try(self, given: Params) -> Params | None:
        for params in self._visited.failed_points:
            known = identity(self._space, params)
            again = self._visited.failed(known) and not self._visited.given_up(known)
            if (
                again
                and not self._visited.has_identity(known)
                and given.items() <= params.items()
                and grid.size(self._space, params)
                and breach(self._constraints, params) is None
            ):
                return params
        return None


def points_left(study: Study, trials: Collection[FrozenTrial]) -> int:
    """Return how many points of a grid have neither a trial that did not fail nor failed for good."""
    space = study.space
    visited = Visited(space, trials)
    gone = {
        identity(space, trial.params): canonical_point(space, trial.params)
        for trial in trials
        if visited.has(trial.params) or visited.given_up(identity(space, trial.params))
    }
    return study.points - sum(1 for params in gone.values() if grid.size(space, params))


def unseen_point(space: Space, visited: Visited, seed: int, constraints: Collection[str] = ()) -> Params | None:
    """Return some point of a countable space that no trial has and that keeps the constraints; None when there is none."""
    rng = random.Random(seed)
    drawn = (random_point(space, rng) for _ in range(DRAWS))
    found = next((point for point in drawn if not visited.has(point) and breach(constraints, point) is None), None)
    if found is not None:
        return found
    # Few are left: only n points are taken, so that one of the first n + 1 is unseen, wherever they lie.
    kept = (point for point in islice(grid.points(space), MOST_VISITED) if breach(constraints, point) is None)
    first = islice(kept, len(visited) + 1)
    return next((point for point in first if not visited.has(point)), None)


def random_kept(study: Study, fixed: Params, seed: int) -> Params | None:
    """Return a complete point that keeps the constraints, with some values given; None when many draws found none."""
    rng = random.Random(seed)
    drawn = (random_point(study.space, rng, fixed) for _ in range(UNIFORM_DRAWS))
    return next((point for point in drawn if breach(study.parameter_constraints, point) is None), None)


def random_point(space: Space, rng: random.Random, fixed: Params | None = None) -> Params:
    """Return a complete point, every value of a parameter as likely as it is declared to be."""
    params: Params = {}
    for name, parameter in space.items():
        if parameter.applies(params):
            params[name] = fixed[name] if fixed and name in fixed else _random_value(parameter, rng)
    return params


def _random_value(parameter: Parameter, rng: random.Random) -> Choice:
    if isinstance(parameter, Float | Int) and parameter.log and parameter.low < parameter.high:
        last = parameter.high if parameter.count is None else parameter.at(parameter.count - 1)
        drawn = math.exp(rng.uniform(math.log(parameter.low), math.log(last)))
        return parameter.canonical(min(max(drawn, parameter.low), last))
    if has_shares(parameter):
        return parameter.at_quantile(rng.random())
    if parameter.count is None:
        return rng.uniform(parameter.low, parameter.high)
    return parameter.at(rng.randrange(parameter.count))
