"""One study with what its page shows around the trials, without reading these one by one."""

import json
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_hpo.core.act import Act
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.masking import masked
from airflow_hpo.core.settings import differences, shown_setting
from airflow_hpo.core.space.condition import Between, Condition, Wanted
from airflow_hpo.core.space.parameter import Categorical, Parameter
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import ParameterSetNotFoundError
from airflow_hpo.pages.comparisons import comparison_lines
from airflow_hpo.pages.edition import Numbered
from airflow_hpo.pages.models import studies as told
from airflow_hpo.pages.models.comparisons import ComparisonLine
from airflow_hpo.pages.study_lines import EndedRuns, lines_of
from airflow_hpo.storage import acts, comparisons, parameter_sets
from airflow_hpo.storage.tables import EditionRow
from airflow_hpo.studies.phases import phase_sentences
from airflow_hpo.studies.store import Store

EDITIONS = 50
"""Editions of the same family that are named."""
ATTEMPTS = 100
"""Attempts, the newest ones, by which the page says what takes the time: 500 would cost it twenty times as much, every few seconds."""


def study_page(store: Store, numbered: Numbered, ended_runs: EndedRuns, may: told.MayStudy) -> told.StudyPage:
    """Return an edition for its page."""
    edition, study = numbered.edition, numbered.study
    with store.database.session(read_only=True) as session:
        line = lines_of(session, [numbered], ended_runs)[0]
        matters = store.optuna.importance(edition.name, session.connection())
        return told.StudyPage(
            **dict(line),
            sentence=_sentence(line, study),
            parameters=[_parameter(name, each) for name, each in study.space.items()],
            metrics=[study.objective.metric, *study.objective.extra_metrics],
            scenarios=[] if isinstance(study.scenarios, str) else [each.name for each in study.scenarios or ()],
            slots=study.slots,
            importance=[told.Importance(name=name, share=share) for name, share in matters.shares.items()]
            if matters
            else None,
            importance_at=matters.at if matters else None,
            bottleneck=" ".join(phase_sentences(session, edition, ATTEMPTS)) or None,
            why=_why(line, edition),
            settings=_settings(edition, study),
            differs=_differs(edition),
            declaration=json.loads(masked(json.dumps(dict(edition.declaration)))),
            editions=_editions(session, edition),
            comparisons=_comparisons(session, edition),
            acts=[_act(each) for each in acts.of(session, edition.name)],
            may=may,
            champion=_champion(session, edition),
        )


def _sentence(line: told.StudyLine, study: Study) -> str:
    counts = line.counts
    done = counts.complete + counts.pruned + (counts.failed if study.count == "finished" else 0)
    said = f"{done} of {line.wanted} trials are {study.count}"
    if line.best is not None and line.best.value is not None:
        said += f"; the best {line.metric} is {line.best.value:g} (trial {line.best.number})"
    return f"{said}."


def _parameter(name: str, parameter: Parameter) -> told.Parameter:
    kind: str = parameter.type
    condition = _condition(parameter.conditions)
    if isinstance(parameter, Categorical):
        return told.Parameter(name=name, kind=kind, choices=list(parameter.choices), condition=condition)
    low, high, step = parameter.low, parameter.high, parameter.step
    return told.Parameter(name=name, kind=kind, low=low, high=high, log=parameter.log, step=step, condition=condition)


def _condition(conditions: Iterable[Condition]) -> str | None:
    return (
        ", or ".join(" and ".join(f"{name} {_waited(each)}" for name, each in one.items()) for one in conditions)
        or None
    )


def _waited(wanted: Wanted) -> str:
    if not isinstance(wanted, Between):
        return f"is {' or '.join(str(value) for value in wanted)}"
    if wanted.low is None or wanted.high is None:
        return f"is at most {wanted.high}" if wanted.low is None else f"is at least {wanted.low}"
    return f"is from {wanted.low} to {wanted.high}"


def _why(line: told.StudyLine, edition: Edition) -> list[str]:
    found = [line.cause, edition.reason, edition.stop_reason, edition.rule_trouble]
    return list(dict.fromkeys(each for each in found if each))


def _settings(edition: Edition, study: Study) -> told.SettingsNow:
    return told.SettingsNow(
        parallelism=study.parallelism,
        max_trials=study.max_trials,
        timeout_seconds=study.timeout.total_seconds() if study.timeout else None,
        sampler=study.sampler.name,
        most_trials=edition.layout.largest(study) if edition.layout else None,
        most_parallelism=max(edition.file_study.most_simulations, study.simulations_at_once),
    )


def _differs(edition: Edition) -> list[str]:
    found = differences(edition.file_study, edition.study)
    return [f"{name} is {shown_setting(new)} instead of {shown_setting(old)}" for name, (old, new) in found.items()]


def _editions(session: Session, edition: Edition) -> list[told.EditionLine]:
    columns = (EditionRow.id, EditionRow.name, EditionRow.run, EditionRow.started_at)
    same = EditionRow.family == edition.family, EditionRow.dag_id.is_not_distinct_from(edition.dag_id)
    query = select(*columns).where(*same).order_by(EditionRow.id.desc()).limit(EDITIONS)
    found = session.execute(query)
    return [told.EditionLine(id=i, name=name, run=run, started_at=started) for i, name, run, started in found]


def _comparisons(session: Session, edition: Edition) -> list[ComparisonLine]:
    run = edition.dag_run
    return comparison_lines(session, dag_id=run.dag_id, run_id=run.run_id) if run else []


def _act(act: Act) -> told.ActLine:
    return told.ActLine(act=act.act.value, number=act.number, by=act.by, details=str(act), at=act.at)


def _champion(session: Session, edition: Edition) -> told.ChampionNow | None:
    """Return what production used when the edition was compared, else what it uses of the set that its family is compared for."""
    compared = comparisons.find(session, family=edition.family, limit=EDITIONS)
    own = next((each for each in compared if each.edition == edition.name and each.champion_version), None)
    last = own or next((each for each in compared if each.parameter_set), None)
    if last is None or last.parameter_set is None:
        return None
    number = own.champion_version if own else parameter_sets.number_in_use(session, last.parameter_set)
    if not number:
        return None
    try:
        found = parameter_sets.version(session, last.parameter_set, number)
    except ParameterSetNotFoundError:
        # It is kept elsewhere, as check_origins allows.
        return None
    return told.ChampionNow(version=found.version, params=dict(found.params))
