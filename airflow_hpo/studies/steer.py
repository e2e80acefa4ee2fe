"""Acts of a person on a running study, and when they are refused."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.settings import changed, differences
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.core.trial_key import batch_and_index, first_key, sharer_of
from airflow_hpo.exceptions import DeclarationError, PermanentHpoError
from airflow_hpo.storage import acts, editions, evaluations
from airflow_hpo.studies.status import Status, status, status_of
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import at_most


def refuse_over(look: Status, rule: str) -> None:
    """Refuse an act on a study that is over or was summed up."""
    if look.verdict.over or look.edition.finished is not None:
        why = look.verdict.reason or look.edition.reason or "It has finished."
        raise PermanentHpoError(f"{rule}, but {look.edition.name} is over. {why} Start another run of its DAG.")


def refuse_evaluation(store: Store, name: str) -> None:
    """Refuse an act on an evaluation: its plan is written once."""
    if store.read(evaluations.is_one, name):
        raise PermanentHpoError(
            f"A study that tunes is steered, but {name} evaluates, and its plan never changes. Stop it with "
            f"`airflow hpo studies stop {name}`."
        )


def set_study(store: Store, name: str, given: Mapping[str, Any], by: str) -> Edition:
    """Give a running study other settings, within what was laid out; what is set already changes nothing."""
    return _set(store, name, by, given=given)


def extend_study(store: Store, name: str, more: int, by: str) -> Edition:
    """Have a running study want more trials; two people who ask at once get both."""
    if more < 1:
        raise DeclarationError(f"A study is extended by 1 trial or more, but got {more}. Type 20.")
    return _set(store, name, by, more=more)


def holds_later(store: Store, name: str) -> str | None:
    """Say from when a lower parallelism holds: what was asked for before comes to its end; None where it holds already."""
    look = status(store, name)
    running, slots = look.progress.running, look.edition.study.slots
    if running <= slots:
        return None
    return (
        f"{running} trials were asked for before and come to their end; further ones start once fewer than {slots} run."
    )


def settings_sentence(edition: Edition, later: str | None = None) -> str:
    """Say which settings a study has now, and in what they differ from its file."""
    study = edition.study
    limit = f"timeout {study.timeout}" if study.timeout else "no timeout"
    now = f"{study.wanted} trials, {study.simulations_at_once} at once, {limit}, sampler {study.sampler.name}"
    said = [f"{edition.name}: {now}.", edition.differs or "That is what its file declares.", later or ""]
    return " ".join(said).rstrip()


def _set(store: Store, name: str, by: str, given: Mapping[str, Any] | None = None, more: int = 0) -> Edition:
    store.edition(name)
    refuse_evaluation(store, name)
    with store.session() as session:
        # Who sets at the same time waits here, and then reckons from this.
        editions.row_id(session, name, lock=True)
        edition = editions.get(session, name)
        records = store.optuna.records(name, details=False)
        refuse_over(status_of(store, edition, records), "A study that goes on is changed")
        given = {"max_trials": edition.study.wanted + more} if given is None else given
        new = changed(edition.study, edition.file_study, given)
        if not differences(edition.study, new):
            return edition
        if new.wanted > edition.study.wanted:
            _refuse_beyond(store, session, replace(edition, declaration=new.to_dict()), records)
        acts.note_set(session, name, by, edition.study, new)
        return editions.redeclare(session, name, new)


def _refuse_beyond(store: Store, session: Session, edition: Edition, records: Collection[TrialRecord]) -> None:
    """Refuse more trials than there are places left."""
    lazy, layout = editions.lazy_batches(session, edition.name, edition.study.slots), edition.layout
    if not lazy:
        if layout and (why := layout.refusal(edition.study)):
            raise PermanentHpoError(why)
        return
    places = sum(lazy.values()) + (layout.per_map * max(0, layout.maps - len(lazy)) if layout else 0)
    keys = {first_key(record.key) for record in records if record.key}
    taken = sum((sharer_of(key), batch_and_index(key)[0]) in lazy for key in keys)
    needed = at_most(status_of(store, edition, records))
    if needed > places - taken:
        raise PermanentHpoError(
            f"The tasks of {edition.name} were laid out for {places - taken} further trials, but {edition.study.wanted} trials may need "
            f"{needed}, failures included. Write reserve={needed - (places - taken) + edition.study.reserve} in its file, for runs that start then."
        )
