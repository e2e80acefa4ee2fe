"""Route of the person who looks."""

from fastapi import APIRouter

from airflow_hpo import __version__
from airflow_hpo.pages.models.me import Me
from airflow_hpo.plugin import study_database
from airflow_hpo.plugin.access import RightsDep
from airflow_hpo.plugin.pages import base_path

router = APIRouter()


@router.get("/me")
def me(rights: RightsDep) -> Me:
    """Say who looks, what that person may do, and how the study database is."""
    return Me(
        user=rights.name,
        version=__version__,
        base=base_path(),
        database=study_database.look(),
        may_move_champions=rights.may_move_champions(),
    )
