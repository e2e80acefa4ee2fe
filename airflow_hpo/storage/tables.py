"""The tables. What Optuna keeps (studies, trials, values) is not repeated here, except what lists of editions show."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, MetaData, String, UniqueConstraint, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column

from airflow_hpo.storage.column_types import PlainText, Reported, ToldText, UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

AIRFLOW_ID = String(250)


class Row(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[str]: JSON, list[int]: JSON}


class PurgeRow(Row):
    """A deletion of trials of an edition, which are in an archive instead."""

    __tablename__ = "hpo_purges"
    __table_args__ = (Index(None, "edition_id"), MYSQL)

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("hpo_editions.id", ondelete="CASCADE"))
    by: Mapped[str] = mapped_column(PlainText)
    archive: Mapped[str] = mapped_column(PlainText)
    # How many the edition had; those that stay are named, so that a purge that was killed goes on as it was begun.
    trials: Mapped[int]
    kept: Mapped[list[int]]
    # How many counted, which its trials do not tell any more.
    complete: Mapped[int]
    pruned: Mapped[int]
    failed: Mapped[int]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class EditionRow(Row):
    """One run of a study family."""

    __tablename__ = "hpo_editions"
    __table_args__ = (Index(None, "family", "created_at"), MYSQL)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(512), unique=True)
    family: Mapped[str] = mapped_column(String(200))
    run: Mapped[str] = mapped_column(String(311))
    # Text rather than JSON: MySQL would store the space in another order than it was declared.
    declaration: Mapped[str] = mapped_column(PlainText)
    dag_id: Mapped[str | None] = mapped_column(AIRFLOW_ID)
    run_id: Mapped[str | None] = mapped_column(AIRFLOW_ID)
    group_id: Mapped[str | None] = mapped_column(AIRFLOW_ID)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    end: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(ToldText)
    best_number: Mapped[int | None]
    best_value: Mapped[float | None] = mapped_column(Double)
    stop_reason: Mapped[str | None] = mapped_column(ToldText)
    # How templates spell parameters; empty in editions that were made before they spelled them as HPO_PARAM_* does.
    text_values: Mapped[bool | None]
    # Zone whose calendar the windows' days are of; empty in editions that were made before, which reckon in UTC.
    timezone: Mapped[str | None] = mapped_column(String(64))
    # Seconds of its timeout that are used up, and until when they were counted; empty in editions that were made before,
    # whose timeout counts from the start.
    worked_seconds: Mapped[float | None] = mapped_column(Double)
    looked_at: Mapped[datetime | None]
    # Which computation of its run; empty for the first one of editions that were made before there were others.
    generation: Mapped[int | None]
    # Of the DAG run that opened it last; empty where it was opened before they were noted, and then never another run's.
    clear_number: Mapped[int | None]
    run_started: Mapped[datetime | None]
    run_type: Mapped[str | None] = mapped_column(String(50))
    afresh: Mapped[str | None] = mapped_column(ToldText)
    afresh_wanted: Mapped[str | None] = mapped_column(ToldText)
    # What its windows are relative to, of several DAG runs the latest; empty in editions that were made before it was kept.
    data_until: Mapped[datetime | None]
    # Since when and by whom nothing new is started, before an upgrade; empty while it goes on.
    drained_at: Mapped[datetime | None]
    drained_by: Mapped[str | None] = mapped_column(PlainText)
    # The study as its file declares it; empty while `declaration` is the same, which a person may change while it runs.
    declared: Mapped[str | None] = mapped_column(PlainText)
    # For how many trials its tasks were laid out; empty where several groups share it, and in editions of before.
    layout: Mapped[dict[str, Any] | None]
    # Why its stop rule gave no answer the last time; empty when it did, and without one.
    rule_trouble: Mapped[str | None] = mapped_column(ToldText)
    purged_at: Mapped[datetime | None] = column_property(
        select(func.min(PurgeRow.began_at))
        .where(PurgeRow.edition_id == id)
        .correlate_except(PurgeRow)
        .scalar_subquery()
    )


class ActRow(Row):
    """What a person did to an edition while it ran; never changed."""

    __tablename__ = "hpo_acts"
    __table_args__ = (Index(None, "edition_id"), MYSQL)

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("hpo_editions.id", ondelete="CASCADE"))
    act: Mapped[str] = mapped_column(String(20))
    number: Mapped[int | None]
    by: Mapped[str] = mapped_column(PlainText)
    details: Mapped[str] = mapped_column(PlainText)
    at: Mapped[datetime]


class SharerRow(Row):
    """A task group that runs trials of an edition that several share, and its DAG run that does so."""

    __tablename__ = "hpo_sharers"
    __table_args__ = (MYSQL,)

    edition_id: Mapped[int] = mapped_column(
        ForeignKey("hpo_editions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    dag_id: Mapped[str] = mapped_column(AIRFLOW_ID, primary_key=True)
    group_id: Mapped[str] = mapped_column(AIRFLOW_ID, primary_key=True)
    run_id: Mapped[str] = mapped_column(AIRFLOW_ID)


class BatchRow(Row):
    """How many trials a batch has, sealed once so that a rerun asks for the same ones."""

    __tablename__ = "hpo_batches"
    __table_args__ = (MYSQL,)

    edition_id: Mapped[int] = mapped_column(ForeignKey("hpo_editions.id", ondelete="CASCADE"), primary_key=True)
    # DAG and task group, as trial keys begin with; empty where the study is not shared.
    sharer: Mapped[str] = mapped_column(String(501), primary_key=True)
    batch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int]
    # Whether its trials ask for their parameters themselves; empty in batches that were made before this was kept.
    lazy: Mapped[bool | None]


class AttemptRow(Row):
    """One run of a trial."""

    __tablename__ = "hpo_attempts"
    __table_args__ = (
        UniqueConstraint("edition_id", "number", "attempt"),
        UniqueConstraint(
            *("dag_id", "run_id", "task_id", "map_index", "try_number", "edition_id", "number"),
            name="uq_hpo_attempts_task",
        ),
        Index(None, "edition_id", "outcome"),
        Index(None, "image_tag", "started_at"),
        MYSQL,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("hpo_editions.id", ondelete="CASCADE"))
    number: Mapped[int]
    attempt: Mapped[int]
    dag_id: Mapped[str] = mapped_column(AIRFLOW_ID)
    run_id: Mapped[str] = mapped_column(AIRFLOW_ID)
    task_id: Mapped[str] = mapped_column(AIRFLOW_ID)
    map_index: Mapped[int]
    try_number: Mapped[int]
    backend: Mapped[str] = mapped_column(String(32))
    place: Mapped[dict[str, Any]]
    # As the pod names the image that `place` has with its digest; empty in attempts that were made before it was stored.
    image_tag: Mapped[str | None] = mapped_column(String(512))
    work: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    # When its last line came; empty in attempts that began before this was kept.
    heard_at: Mapped[datetime | None]
    # What it waits for before its program starts; of one that has ended, that its program never ran.
    waits_for: Mapped[str | None] = mapped_column(ToldText)
    outcome: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(ToldText)
    exit_code: Mapped[int | None]
    problems: Mapped[list[str]]
    log_tail: Mapped[str | None] = mapped_column(ToldText)
    # Where the pruner gave it up, also one that ended by itself before it could be ended.
    verdict: Mapped[str | None] = mapped_column(PlainText)
    # How far the log that gives its metrics was read, with what was read; empty where nothing reads a log that may be cut.
    reading: Mapped[str | None] = mapped_column(ToldText)
    # Of each phase that is over; empty in attempts that were made before they were kept.
    seconds: Mapped[dict[str, Any] | None]
    # What its program has said besides metrics; empty where it has said nothing, and in attempts of before.
    remarks: Mapped[dict[str, Any] | None]


class SlotRow(Row):
    """The slot that a trial has, or had last."""

    __tablename__ = "hpo_slots"
    __table_args__ = (MYSQL,)

    edition_id: Mapped[int] = mapped_column(
        ForeignKey("hpo_editions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slot: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))


class MetricRow(Row):
    """One value that an attempt reported; the first one of a step holds."""

    __tablename__ = "hpo_metrics"
    __table_args__ = (MYSQL,)

    attempt_id: Mapped[int] = mapped_column(ForeignKey("hpo_attempts.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    value: Mapped[float] = mapped_column(Reported, nullable=True)
    reported_at: Mapped[datetime]


class EvaluationRow(Row):
    """What an edition that evaluates stands for; written once with it."""

    __tablename__ = "hpo_evaluations"
    __table_args__ = (MYSQL,)

    edition_id: Mapped[int] = mapped_column(
        ForeignKey("hpo_editions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    look: Mapped[int]
    plan: Mapped[str] = mapped_column(PlainText)
    created_at: Mapped[datetime]


class ComparisonRow(Row):
    """Challengers against the champion, and what was decided."""

    __tablename__ = "hpo_comparisons"
    __table_args__ = (Index(None, "family", "created_at"), Index(None, "dag_id", "run_id"), MYSQL)

    id: Mapped[int] = mapped_column(primary_key=True)
    edition: Mapped[str] = mapped_column(String(512))
    family: Mapped[str] = mapped_column(String(200))
    parameter_set: Mapped[str | None] = mapped_column(String(200))
    champion_version: Mapped[int | None]
    look: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(20))
    sentence: Mapped[str] = mapped_column(ToldText)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    decision: Mapped[str] = mapped_column(PlainText)
    selection: Mapped[str | None] = mapped_column(PlainText)
    report: Mapped[str] = mapped_column(ToldText)
    evaluations: Mapped[list[str]]
    dag_id: Mapped[str | None] = mapped_column(AIRFLOW_ID)
    run_id: Mapped[str | None] = mapped_column(AIRFLOW_ID)
    task_id: Mapped[str | None] = mapped_column(AIRFLOW_ID)
    created_at: Mapped[datetime]
    # Whether answers to it are in `hpo_approvals`; empty in comparisons of earlier releases, whose answers are in XComs alone.
    answers_kept: Mapped[bool | None]


class ErrorLedgerRow(Row):
    """What a comparison was charged of the error budget of its parameter set, and the scenarios that it used."""

    __tablename__ = "hpo_error_ledger"
    __table_args__ = (Index(None, "parameter_set"), Index(None, "comparison_id"), MYSQL)

    id: Mapped[int] = mapped_column(primary_key=True)
    parameter_set: Mapped[str] = mapped_column(String(200))
    # Of what was measured and asked, so that the same is charged once.
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    comparison_id: Mapped[int] = mapped_column(ForeignKey("hpo_comparisons.id", ondelete="CASCADE"))
    since: Mapped[datetime]
    until: Mapped[datetime]
    scenarios: Mapped[str] = mapped_column(PlainText)
    level: Mapped[float] = mapped_column(Double)
    charged: Mapped[float] = mapped_column(Double)
    charged_at: Mapped[datetime]


class ApprovalRow(Row):
    """One question of an approval task about a comparison, and its answer once there is one."""

    __tablename__ = "hpo_approvals"
    __table_args__ = (
        UniqueConstraint(
            *("dag_id", "run_id", "task_id", "map_index", "try_number", "comparison_id"), name="uq_hpo_approvals_task"
        ),
        Index(None, "comparison_id"),
        MYSQL,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    comparison_id: Mapped[int] = mapped_column(ForeignKey("hpo_comparisons.id", ondelete="CASCADE"))
    dag_id: Mapped[str] = mapped_column(AIRFLOW_ID)
    run_id: Mapped[str] = mapped_column(AIRFLOW_ID)
    task_id: Mapped[str] = mapped_column(AIRFLOW_ID)
    map_index: Mapped[int]
    try_number: Mapped[int]
    asked_at: Mapped[datetime]
    until: Mapped[datetime | None]
    choice: Mapped[str | None] = mapped_column(String(20))
    answered_at: Mapped[datetime | None]
    # Both empty when no person answered in time.
    user_id: Mapped[str | None] = mapped_column(PlainText)
    user_name: Mapped[str | None] = mapped_column(PlainText)
    params: Mapped[str | None] = mapped_column(PlainText)


class OwnerRow(Row):
    """The DAG, and the task group in it, that a study or a parameter set belongs to."""

    __tablename__ = "hpo_owners"
    __table_args__ = (MYSQL,)

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    # The study that an evaluation belongs to.
    study: Mapped[str | None] = mapped_column(String(200))
    dag_id: Mapped[str] = mapped_column(AIRFLOW_ID)
    group_id: Mapped[str | None] = mapped_column(AIRFLOW_ID)
    shared: Mapped[bool]
    since: Mapped[datetime]


class ParameterVersionRow(Row):
    """One version of a parameter set, never changed."""

    __tablename__ = "hpo_parameter_versions"
    __table_args__ = (UniqueConstraint("name", "version"), MYSQL)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    params: Mapped[str] = mapped_column(PlainText)
    provenance: Mapped[str] = mapped_column(PlainText)
    restores: Mapped[int | None]
    created_at: Mapped[datetime]


class ChampionRow(Row):
    """Which version of a parameter set production uses."""

    __tablename__ = "hpo_champions"
    __table_args__ = (MYSQL,)

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[int]
    moved_at: Mapped[datetime]


class PromotionRow(Row):
    """One move of a champion."""

    __tablename__ = "hpo_promotions"
    __table_args__ = (UniqueConstraint("name", "key"), MYSQL)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    from_version: Mapped[int | None]
    to_version: Mapped[int]
    action: Mapped[str] = mapped_column(String(20))
    # MySQL indexes 3,072 bytes: with the name no more characters fit than 568.
    key: Mapped[str | None] = mapped_column(String(512))
    by: Mapped[str | None] = mapped_column(PlainText)
    reason: Mapped[str | None] = mapped_column(ToldText)
    at: Mapped[datetime]


class AssetEventRow(Row):
    """An event of a study's or a parameter set's asset, for one best trial or one version."""

    __tablename__ = "hpo_asset_events"
    __table_args__ = (MYSQL,)

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    # The edition, or the parameter set.
    subject: Mapped[str] = mapped_column(String(512), primary_key=True)
    # The best trial, or the version.
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # The study or parameter set whose asset it is.
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10))
