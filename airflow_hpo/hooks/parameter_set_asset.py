"""Asset of a parameter set, which is updated when its champion moves."""

from airflow.sdk import Asset

from airflow_hpo.core.names import ascii_form
from airflow_hpo.core.parameter_set import check_name


def parameter_set_asset(name: str) -> Asset:
    """Return the asset that is updated whenever an operator moves a champion.

    Schedule a production DAG on it. An event's ``extra`` has ``name``, ``version``, ``params`` and ``previous``.

    Example::

        from airflow.sdk import DAG

        with DAG("plan", schedule=[parameter_set_asset("bikes")]):
            pass

    :param name: the parameter set.
    """
    known = ascii_form(check_name(name), "~")
    return Asset(name=f"hpo_champion_{known}", uri=f"hpo://champion/{known}")
