"""Moves of a champion: promoted by a decision, set by a person, rolled back. Every move is a new version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.parameter_set import Action, ParameterVersion, Promotion, Provenance, check_name, check_params
from airflow_hpo.core.space.parameter import Choice
from airflow_hpo.exceptions import ChampionChangedError, OlderDataError
from airflow_hpo.parameter_sets.history import before
from airflow_hpo.parameter_sets.owner import claim_parameter_set
from airflow_hpo.storage import parameter_sets
from airflow_hpo.storage.retry import retried

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_hpo.studies.store import Store


Expected = int | None | Literal["any"]
"""The version that must be the champion: a number, None or 0 while there must be none, ``"any"`` for whatever is."""


@dataclass(frozen=True, slots=True)
class Move:
    """What became of a wish to move a champion."""

    made: ParameterVersion
    """The version that the move made."""
    previous: int | None
    """The champion before it; None for the first."""
    current: int
    """The champion now: a later version when others moved it after a move that is asked for again."""
    repeated: bool = False
    """Whether the move had been made before, so that nothing was done now."""

    def __str__(self) -> str:
        version = f"Version {self.made.version} of {self.made.name}"
        if not self.repeated:
            after = f"after version {self.previous}" if self.previous else "the first"
            return f"{version} is the champion now, {after}."
        if self.current == self.made.version:
            return f"{version} is the champion already; nothing is done."
        return f"{version} was made before; the champion is version {self.current} by now, and nothing is done."


@retried
def promote(
    store: Store,
    name: str,
    params: Mapping[str, Any],
    *,
    expected: Expected,
    key: str,
    provenance: Provenance,
    allow_other_owner: bool = False,
    allow_older: bool = False,
) -> Move:
    """Make parameters the champion, once for each key, and only while the champion is the one they were compared with.

    The first DAG that promotes a set owns it; another one is refused unless it is allowed. So are parameters that were found
    on data which end earlier than those of the champion; where either end is not known, nothing is refused.
    """
    name, wanted = check_name(name), check_params(params)
    with store.session() as session:
        current = parameter_sets.lock(session, name)
        claim_parameter_set(session, name, provenance.dag_id, allow_other_owner)
        if earlier := parameter_sets.promoted(session, name, key):
            return _again(session, earlier, current, wanted)
        _refuse_changed(name, current, expected)
        if not allow_older:
            _refuse_older(session, name, current, provenance.data_until)
        made = parameter_sets.write(session, name, wanted, provenance, action=Action.PROMOTE, key=key)
    return Move(made, current or None, made.version)


def assign(store: Store, name: str, params: Mapping[str, Any], provenance: Provenance) -> Move:
    """Make parameters the champion whatever it is; the champion's own parameters make no new version.

    For the first version of a set, and for a person who knows better.
    """
    name, wanted = check_name(name), check_params(params)
    with store.session() as session:
        current = parameter_sets.lock(session, name)
        champion = parameter_sets.version(session, name, current) if current else None
        if champion and _alike(champion, wanted):
            move = parameter_sets.made_champion(session, name, current)
            return Move(champion, move.from_version if move else None, current, repeated=True)
        made = parameter_sets.write(session, name, wanted, provenance, action=Action.SET)
    return Move(made, current or None, made.version)


def rollback(
    store: Store,
    name: str,
    to: int | None = None,
    *,
    provenance: Provenance,
    expected: Expected = "any",
    key: str | None = None,
    allow_other_owner: bool = False,
) -> Move:
    """Bring an earlier version's parameters back, as a new version that names the earlier one.

    A DAG that does not own the set is refused unless it is allowed; a person is not.
    """
    with store.session() as session:
        current = parameter_sets.lock(session, check_name(name))
        claim_parameter_set(session, name, provenance.dag_id, allow_other_owner)
        if key and (earlier := parameter_sets.promoted(session, name, key)):
            return _again(session, earlier, current)
        _refuse_changed(name, current, expected)
        target = before(session, name) if to is None else parameter_sets.version(session, name, to)
        if target.version == current:
            raise ChampionChangedError(
                f"A rollback brings back another version than the champion, but version {current} of {name!r} is in "
                "use already. Name an earlier one."
            )
        origin = provenance.model_copy(update={"data_until": target.provenance.data_until})
        made = parameter_sets.write(
            session, name, target.params, origin, action=Action.ROLLBACK, key=key, restores=target.version
        )
    return Move(made, current, made.version)


def _again(session: Session, earlier: Promotion, current: int, wanted: Mapping[str, Choice] | None = None) -> Move:
    made = parameter_sets.version(session, earlier.name, earlier.to_version)
    if wanted is not None and not _alike(made, wanted):
        raise ChampionChangedError(
            f"One run promotes one candidate, but {earlier.key} has promoted other parameters already, as version "
            f"{made.version} of {earlier.name!r}. Start a new run, or compute this one afresh: "
            "`airflow hpo studies afresh` with the study's edition, then clear the run."
        )
    return Move(made, earlier.from_version, current, repeated=True)


def _alike(version: ParameterVersion, params: Mapping[str, Choice]) -> bool:
    return version.fingerprint == fingerprint(dict(params))


def _refuse_changed(name: str, current: int, expected: Expected) -> None:
    if expected == "any" or (expected or 0) == current:
        return
    wanted = f"version {expected} is the champion" if expected else "there is no champion"
    found = f"it is version {current} now" if current else "it has none"
    raise ChampionChangedError(
        f"{name!r} may only be moved while {wanted}, but {found}. Compare again with what is in use."
    )


def _refuse_older(session: Session, name: str, current: int, data_until: datetime | None) -> None:
    known = parameter_sets.version(session, name, current).provenance.data_until if current else None
    if known and data_until and data_until < known:
        raise OlderDataError(
            f"A promotion was found on data that end no earlier than the champion's, but its data end at {_day(data_until)} and "
            f"those of version {current} of {name!r} at {_day(known)}. Start a run about newer data, or promote it all the same by "
            "allow_older=True."
        )


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(" ", "minutes")


@retried
def move_before(
    store: Store,
    name: str,
    key: str,
    expected: Expected,
    data_until: datetime | None = None,
    *,
    allow_older: bool = False,
) -> ParameterVersion | None:
    """Return the version that a key has made already; None when it has made none and may make one.

    :raises ChampionChangedError: when a move would be refused, because the champion is not the one that is expected.
    :raises OlderDataError: the same, because the champion was found on newer data.
    """
    with store.session(read_only=True) as session:
        if earlier := parameter_sets.promoted(session, check_name(name), key):
            return parameter_sets.version(session, name, earlier.to_version)
        current = parameter_sets.number_in_use(session, name)
        if not current and expected:
            # The champion is kept elsewhere, and what follows the approval is the author's own.
            return None
        _refuse_changed(name, current, expected)
        if not allow_older:
            _refuse_older(session, name, current, data_until)
    return None


def event_of(move: Move) -> dict[str, Any]:
    """Return the payload for a move: name, version, parameters, and the version before."""
    made = move.made
    return {"name": made.name, "version": made.version, "params": dict(made.params), "previous": move.previous}
