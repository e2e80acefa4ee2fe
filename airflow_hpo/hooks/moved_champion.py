"""Mirror and asset event of a champion that a person moves outside of a task, by a command or on a page.

A task has a supervisor that writes Variables and emits events for it. A person's process reaches Airflow's own database instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_hpo.hooks.champion import read_mirror
from airflow_hpo.hooks.parameter_set_asset import parameter_set_asset
from airflow_hpo.parameter_sets.mirror import mirror
from airflow_hpo.parameter_sets.moves import Move, event_of

if TYPE_CHECKING:
    from airflow_hpo.storage.database import Database


def mirror_moved(database: Database, name: str, *, create: bool = False) -> str | None:
    """Bring the Variable of a parameter set up to date, and say so; None where there is none and none is wanted."""
    if not create and read_mirror(name) is None:
        return None
    mirror(database, name, _put)
    return "Its Variable is up to date."


def announce(move: Move) -> str:
    """Emit the asset event of a parameter set and return one sentence about it.

    The champion has moved already, so nothing here may fail what moved it: DAGs that are scheduled on the asset can also be
    started by hand.
    """
    from airflow.assets.manager import asset_manager
    from airflow.models.asset import AssetModel  # noqa: TID251
    from airflow.utils.session import create_session  # noqa: TID251
    from sqlalchemy import select
    from sqlalchemy.exc import SQLAlchemyError

    wanted = parameter_set_asset(move.made.name)
    try:
        with create_session() as session:
            asset = session.scalar(select(AssetModel).filter_by(name=wanted.name, uri=wanted.uri))
            if asset is None:
                return f"No DAG that Airflow has read uses the asset {wanted.uri}, so nothing was started."
            asset_manager.register_asset_change(asset=asset, extra=event_of(move), session=session)
    except SQLAlchemyError as err:
        return f"DAGs that are scheduled on {wanted.uri} were not started, because Airflow's own database says: {err}."
    return f"DAGs that are scheduled on {wanted.uri} are started, unless they are paused."


def _put(key: str, text: str) -> None:
    from airflow.models import Variable  # noqa: TID251

    Variable.set(key, text, "The champion of a parameter set, written by airflow-provider-hpo.")  # noqa: AIR311
