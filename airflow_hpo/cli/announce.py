"""Asset event of a champion that a person moved, as a promotion in a DAG emits it."""

from __future__ import annotations

from airflow_hpo.parameter_sets.asset_event import event_of
from airflow_hpo.parameter_sets.promote import Move


def announce(move: Move) -> str:
    """Emit the asset event of a parameter set and return one sentence about it.

    The champion has moved already, so nothing here may fail the command: DAGs that are scheduled on the asset can also be
    started by hand.
    """
    from airflow.assets.manager import asset_manager
    from airflow.models.asset import AssetModel  # noqa: TID251
    from airflow.utils.session import create_session  # noqa: TID251
    from sqlalchemy import select
    from sqlalchemy.exc import SQLAlchemyError

    from airflow_hpo.operators.promotion import parameter_set_asset

    wanted = parameter_set_asset(move.made.name)
    try:
        with create_session() as session:
            asset = session.scalar(select(AssetModel).filter_by(name=wanted.name, uri=wanted.uri))
            if asset is None:
                return f"No DAG uses the asset {wanted.uri}, so nothing was started."
            asset_manager.register_asset_change(asset=asset, extra=event_of(move), session=session)
    except SQLAlchemyError as err:
        return f"DAGs that are scheduled on {wanted.uri} were not started, because Airflow's own database says: {err}."
    return f"DAGs that are scheduled on {wanted.uri} are started."
