"""Routes that steer a running study, each by the right to edit its DAG; who did it is the person of the session."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from airflow_hpo.core.space.typed import typed_values_of
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.pages.models.answer import LARGEST
from airflow_hpo.pages.models.steering import (
    EndOfTrialAsked,
    MoreAsked,
    PointAsked,
    SettingsAsked,
    Steered,
    StopAsked,
)
from airflow_hpo.plugin.access import RightsDep, SteeredEditionDep
from airflow_hpo.plugin.audit import audited
from airflow_hpo.plugin.study_database import WritableStoreDep

router = APIRouter(prefix="/studies/{study}")


@router.post("/settings", dependencies=[Depends(audited("hpo_set_study"))])
def set_(found: SteeredEditionDep, asked: SettingsAsked, store: WritableStoreDep, rights: RightsDep) -> Steered:
    """Give a running study other settings, within what was laid out."""
    from airflow_hpo.studies.steer import holds_later, set_study, settings_sentence

    given = _settings(asked)
    edition = set_study(store, found.edition.name, given, rights.name)
    return Steered(sentence=settings_sentence(edition, holds_later(store, edition.name)))


@router.post("/extend", dependencies=[Depends(audited("hpo_extend_study"))])
def extend(found: SteeredEditionDep, asked: MoreAsked, store: WritableStoreDep, rights: RightsDep) -> Steered:
    """Have a running study want more trials."""
    from airflow_hpo.studies.steer import extend_study, settings_sentence

    return Steered(sentence=settings_sentence(extend_study(store, found.edition.name, asked.trials, rights.name)))


@router.post("/trials", dependencies=[Depends(audited("hpo_add_trial"))])
def add(found: SteeredEditionDep, asked: PointAsked, store: WritableStoreDep, rights: RightsDep) -> Steered:
    """Have a point evaluated next."""
    from airflow_hpo.trials.steer import add_trial

    point = typed_values_of(found.edition.study.space, asked.params)
    return Steered(sentence=str(add_trial(store, found.edition.name, point, rights.name)))


@router.post("/trials/{number}/end", dependencies=[Depends(audited("hpo_end_trial"))])
def end(
    found: SteeredEditionDep,
    number: Annotated[int, Path(ge=0, le=LARGEST)],
    _: EndOfTrialAsked,
    store: WritableStoreDep,
    rights: RightsDep,
) -> Steered:
    """End one running trial as pruned."""
    from airflow_hpo.trials.steer import end_trial

    return Steered(sentence=str(end_trial(store, found.edition.name, number, rights.name)))


@router.post("/stop", dependencies=[Depends(audited("hpo_stop_study"))])
def stop(found: SteeredEditionDep, asked: StopAsked, store: WritableStoreDep, rights: RightsDep) -> Steered:
    """Let a study start nothing further."""
    from airflow_hpo.studies.stop import request_stop

    reason = asked.reason or f"{rights.name} asked for it."
    stopped = request_stop(store, found.edition.name, reason, asked.running, rights.name)
    return Steered(sentence=" ".join(stopped.lines))


def _settings(asked: SettingsAsked) -> dict[str, Any]:
    given = asked.model_dump(exclude_none=True, exclude={"timeout_seconds"})
    if "timeout_seconds" in asked.model_fields_set:
        given["timeout"] = None if asked.timeout_seconds is None else timedelta(seconds=asked.timeout_seconds)
    if not given:
        raise DeclarationError(
            "A study gets at least one other setting, but got none. Send parallelism, max_trials, timeout_seconds or sampler."
        )
    return given
