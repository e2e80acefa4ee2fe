"""Rights of the person of a request, as Airflow's auth manager gives them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, get_user
from fastapi import Depends, HTTPException, Path

from airflow_hpo.pages.edition import Numbered, no_such_study, numbered
from airflow_hpo.pages.models.answer import LARGEST
from airflow_hpo.plugin.study_database import StoreDep

signed_in = get_user
"""Dependency of every route: without a valid token the answer is 401."""
Method = Literal["GET", "PUT", "POST"]
ANY_DAG = ":no dag:"
"""The id of no DAG, since it has colons: who may read it may read every DAG."""


@dataclass(frozen=True)
class Rights:
    """What a person may read and change: what belongs to a DAG by the rights on that DAG.

    Without a DAG, as what was made outside of Airflow, it needs the right on every DAG.
    """

    user: BaseUser

    @property
    def name(self) -> str:
        """Who it is, for people and for the audit."""
        return self.user.get_name()

    def may_read(self, dag_id: str | None) -> bool:
        """Say whether runs of a DAG may be read."""
        return self._may("GET", DagAccessEntity.RUN, dag_id)

    def may_steer(self, dag_id: str | None) -> bool:
        """Say whether a DAG may be edited: its runs cleared and triggered, as in Airflow's own UI."""
        return self._may("PUT", DagAccessEntity.RUN, dag_id)

    def may_clear(self, dag_id: str | None) -> bool:
        """Say whether tasks of a DAG may be cleared, by Airflow's own API."""
        return bool(dag_id) and self._may("PUT", DagAccessEntity.TASK_INSTANCE, dag_id)

    def may_answer(self, dag_id: str) -> bool:
        """Say whether questions of a DAG's tasks to people may be answered; whom a task asks, Airflow looks at then."""
        return self._may("PUT", DagAccessEntity.HITL_DETAIL, dag_id)

    def may_move_champions(self, dag_id: str | None = None) -> bool:
        """Say whether champions may be moved, which emits an asset event, and those of a DAG where one is named."""
        manager: Any = get_auth_manager()
        return manager.is_authorized_asset(method="POST", user=self.user) and (not dag_id or self.may_steer(dag_id))

    def readable(self, dag_ids: Iterable[str | None]) -> set[str | None]:
        """Return which of these DAGs may be read; asked for those on one page, never for all of an installation."""
        wanted, found = set(dag_ids), set[str | None]()
        if None in wanted and self.may_read(None):
            found.add(None)
        manager: Any = get_auth_manager()
        for team, ids in _by_team({each for each in wanted if each}).items():
            found |= manager.filter_authorized_dag_ids(dag_ids=ids, user=self.user, method="GET", team_name=team)
        return found

    def check_steer(self, dag_id: str | None) -> None:
        """Answer 403 unless a DAG may be edited."""
        if not self.may_steer(dag_id):
            raise refused("edit the DAG", dag_id)

    def check_move(self, dag_id: str | None) -> None:
        """Answer 403 unless the champions of a DAG may be moved."""
        if not self.may_move_champions(dag_id):
            raise refused("create asset events and edit the DAG" if dag_id else "create asset events", dag_id)

    def _may(self, method: Method, entity: DagAccessEntity, dag_id: str | None) -> bool:
        manager: Any = get_auth_manager()
        details = DagDetails(id=dag_id or ANY_DAG, team_name=_team(dag_id) if dag_id else None)
        return bool(manager.is_authorized_dag(method=method, access_entity=entity, details=details, user=self.user))


def rights_of(user: GetUserDep) -> Rights:
    """Return the rights of the person who asks."""
    return Rights(user)


StudyNumber = Annotated[int, Path(ge=1, le=LARGEST)]
RightsDep = Annotated[Rights, Depends(rights_of)]


def readable_edition(study: StudyNumber, store: StoreDep, rights: RightsDep) -> Numbered:
    """Return the edition in the path of a route, ``/studies/{study}``; 404 where it is not there or may not be read."""
    found = store.read(numbered, study)
    if not rights.may_read(found.edition.dag_id):
        raise no_such_study(study)
    return found


def steerable_edition(found: Annotated[Numbered, Depends(readable_edition)], rights: RightsDep) -> Numbered:
    """Return the same where its DAG may be edited; 403 where it may only be read."""
    rights.check_steer(found.edition.dag_id)
    return found


EditionDep = Annotated[Numbered, Depends(readable_edition)]
SteeredEditionDep = Annotated[Numbered, Depends(steerable_edition)]


def refused(right: str, dag_id: str | None) -> HTTPException:
    """Return the answer to a person who lacks a right."""
    of = f" {dag_id}" if dag_id else ""
    return HTTPException(403, f"This needs the right to {right}{of}, which you do not have. Ask an administrator.")


def _team(dag_id: str) -> str | None:
    return _teams({dag_id}).get(dag_id)


def _by_team(dag_ids: set[str]) -> dict[str | None, set[str]]:
    found: dict[str | None, set[str]] = defaultdict(set)
    teams = _teams(dag_ids)
    for dag_id in dag_ids:
        found[teams.get(dag_id)].add(dag_id)
    return found


def _teams(dag_ids: set[str]) -> dict[str, str | None]:
    """Return the teams of DAGs, which Airflow knows only where it has several."""
    from airflow.configuration import conf
    from airflow.models.dag import DagModel  # noqa: TID251

    if not dag_ids or not conf.getboolean("core", "multi_team"):
        return {}
    teams: dict[str, str | None] = DagModel.get_dag_id_to_team_name_mapping(sorted(dag_ids))
    return teams
