"""A year of three teams, thinned: nothing that a comparison or a champion refers to is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import distribution_to_json
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.evaluation import CHAMPION as NAME
from airflow_hpo.core.evaluation import Candidate, Plan
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.core.study import Study
from airflow_hpo.evaluations.compare import compare_evaluations, comparison_rows
from airflow_hpo.evaluations.run import grid_of, run_of
from airflow_hpo.optuna import tables
from airflow_hpo.optuna.distributions import distributions_of
from airflow_hpo.parameter_sets.history import history
from airflow_hpo.parameter_sets.moves import promote
from airflow_hpo.storage import editions, evaluations, parameter_sets, purges
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.tables import AttemptRow, EditionRow, MetricRow
from airflow_hpo.studies.optimum_drift import drift_rows
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.rows import trial_rows
from tests.integration.retention.test_purge import numbers, plans, purged
from tests.integration.trial_tasks import declared

TEAMS, MONTHS, TRIALS, STEPS, KEPT = 3, 12, 12, 3, 3
DAYS = 4

Point = tuple[dict[str, Any], float]


def filled(session: Session, study: Study, name: str, points: Sequence[Point], at: datetime) -> None:
    """Insert an edition that has ended, with complete trials, an attempt of each, and its curve."""
    connection, run = session.connection(), name.partition("@")[2]
    connection.execute(insert(tables.studies), {"study_name": name})
    study_id = connection.scalar(select(tables.studies.c.study_id).where(tables.studies.c.study_name == name))
    direction = {"study_id": study_id, "objective": 0, "direction": "MINIMIZE"}
    connection.execute(insert(tables.study_directions), direction)
    moment = at.replace(tzinfo=None)
    times = {"state": "COMPLETE", "datetime_start": moment, "datetime_complete": moment}
    connection.execute(
        insert(tables.trials), [{"study_id": study_id, "number": i, **times} for i in range(len(points))]
    )
    stored = select(tables.trials.c.number, tables.trials.c.trial_id).where(tables.trials.c.study_id == study_id)
    ids = {row.number: row.trial_id for row in connection.execute(stored)}
    kinds = {id(point): distributions_of(study.space, point) for point, _ in points}
    params = [
        {
            "trial_id": ids[number],
            "param_name": param,
            "param_value": kind.to_internal_repr(point[param]),
            "distribution_json": distribution_to_json(kind),
        }
        for number, (point, _) in enumerate(points)
        for param, kind in kinds[id(point)].items()
    ]
    connection.execute(insert(tables.trial_params), params)
    keys = [{"trial_id": ids[i], "key": "hpo:key", "value_json": f'"001/{i}"'} for i in ids]
    connection.execute(insert(tables.trial_user_attributes), keys)
    values = [{"trial_id": ids[i], "objective": 0, "value": points[i][1], "value_type": "FINITE"} for i in ids]
    connection.execute(insert(tables.trial_values), values)
    editions.declare(session, study, run, dag_id="retune", run_id=run, group_id="t")
    edition_id = editions.row_id(session, name)
    best = min(ids, key=lambda i: points[i][1])
    ended = {"finished_at": at, "started_at": at, "created_at": at, "end": "max_trials", "reason": "All are there."}
    ended |= {"best_number": best, "best_value": points[best][1]}
    session.execute(update(EditionRow).where(EditionRow.id == edition_id).values(**ended))
    task = {"dag_id": "retune", "run_id": run, "task_id": "t.batch_001.trial", "try_number": 1, "backend": "pod"}
    how = {"place": {}, "problems": [], "started_at": at, "finished_at": at, "outcome": "complete", "log_tail": "end"}
    session.execute(
        insert(AttemptRow),
        [{**task, **how, "edition_id": edition_id, "number": i, "attempt": 1, "map_index": i} for i in ids],
    )
    begun = session.scalars(select(AttemptRow.id).where(AttemptRow.edition_id == edition_id)).all()
    reported = [
        {"attempt_id": key, "name": "loss", "step": step, "value": 1.0, "reported_at": at}
        for key in begun
        for step in range(STEPS)
    ]
    session.execute(insert(MetricRow), reported)


@dataclass(frozen=True)
class Month:
    """One retuning of a team: its study, the best two of it, and their evaluation beside the champion."""

    team: str
    month: int

    @property
    def at(self) -> datetime:
        return utc_now() - timedelta(days=30 * (MONTHS - self.month) + 1)

    @property
    def run(self) -> str:
        return f"2026-{self.month + 1:02d}"

    @property
    def study(self) -> Study:
        return declared(name=self.team, max_trials=TRIALS, parallelism=TRIALS)

    @property
    def points(self) -> list[Point]:
        every = range(TRIALS)
        return [({"x": i / TRIALS, "kind": "ab"[i % 2]}, float((i * 11 + self.month) % TRIALS)) for i in every]

    @property
    def best(self) -> list[int]:
        return sorted(range(TRIALS), key=lambda i: self.points[i][1])[:2]

    @property
    def plan(self) -> Plan:
        found = self.points
        challengers = [
            Candidate(f"trial {n}", found[n][0], study=f"{self.team}@{self.run}", number=n, value=found[n][1])
            for n in self.best
        ]
        champion = Candidate(NAME, {"x": 0.5, "kind": "a"}, parameter_set=self.team)
        days = [f"day {d}" for d in range(DAYS)]
        return Plan(objective=self.study.objective, candidates=[champion, *challengers], scenarios=days)

    @property
    def evaluation(self) -> str:
        return f"{self.team}/test@{run_of(self.plan, self.run)}"

    def measured(self) -> list[Point]:
        plan = self.plan
        return [
            (
                {"candidate": each.name, "scenario": day.name, "variant": plan.variants[0], "replicate": 1},
                1.0 + d / 9 if each.role == NAME else 0.5 + self.month % 2 + d / 9,
            )
            for each in plan.candidates
            for d, day in enumerate(plan.scenarios)
        ]

    def insert(self, session: Session) -> None:
        filled(session, self.study, f"{self.team}@{self.run}", self.points, self.at)
        filled(session, grid_of(self.plan, f"{self.team}/test"), self.evaluation, self.measured(), self.at)
        evaluations.keep(session, self.evaluation, self.plan, look=1)

    def decide(self, store: Store) -> None:
        """Compare, and promote in every other month."""
        rule = ComparisonRule(min_pairs=2)
        found = compare_evaluations(store, [self.evaluation], self.study.objective, rule, parameter_set=self.team)
        if self.month % 2 == 0:
            best, name = self.best[0], f"{self.team}@{self.run}"
            origin = Provenance(study=name, number=best, comparison=found.comparison.id, data_until=self.at)
            promote(store, self.team, self.points[best][0], expected="any", key=name, provenance=origin)


@pytest.fixture
def year(store: Store) -> list[str]:
    """Teams whose studies were tuned, evaluated and compared every month for a year."""
    teams = [f"team{i}/city" for i in range(TEAMS)]
    year = [Month(team, month) for team in teams for month in range(MONTHS)]
    with store.session() as session:
        for month in year:
            month.insert(session)
    for month in year:
        month.decide(store)
    return teams


def seen(store: Store, teams: list[str]) -> dict[str, Any]:
    drifts = {team: drift_rows(store, team) for team in teams}
    for row in (row for rows in drifts.values() for row in rows):
        row.pop("lost")
    compared = comparison_rows(store, limit=1000)
    evidence = store.read(evaluated_editions)
    return {
        "history": {team: history(store, team) for team in teams},
        "champions": store.read(parameter_sets.versions_in_use),
        "moves": store.read(parameter_sets.promotions),
        "comparisons": compared,
        "drift": drifts,
        "evidence": {name: trial_rows(store, name) for name in evidence},
    }


def evaluated_editions(session: Any) -> list[str]:
    return list(session.scalars(select(EditionRow.name).where(EditionRow.family.like("%/test"))))


def test_a_year_of_teams_is_thinned_without_losing_what_is_referred_to(
    store: Store, year: list[str], tmp_path: Path
) -> None:
    before = seen(store, year)
    assert len(before["comparisons"]) == TEAMS * MONTHS
    planned = plans(store, keep_best=KEPT, older_than=timedelta(days=180))
    done = purged(store, tmp_path, keep_best=KEPT, older_than=timedelta(days=180))
    # What ended more than 180 days ago, and of it the studies: evaluations were decided on.
    assert len(done) == TEAMS * 7
    assert {each.edition for each in done} == {name for name, each in planned.items() if each.going}
    assert sum(each.deleted for each in done) == sum(len(each.going) for each in planned.values())
    assert seen(store, year) == before
    for version in before["champions"]:
        assert version.provenance.number in numbers(store, version.provenance.study or "")
    for team in year:
        for row in before["history"][team]:
            assert row["trial"] in numbers(store, row["study"])
    for each in done:
        left = set(numbers(store, each.edition))
        assert KEPT <= len(left) == each.kept < TRIALS
        assert len(Path(each.archive).read_text().splitlines()) == 1 + TRIALS
        assert store.read(purges.of, each.edition)[0].trials == TRIALS
    assert len(list(tmp_path.iterdir())) == len(done)
    assert purged(store, tmp_path, keep_best=KEPT, older_than=timedelta(days=180)) == []
