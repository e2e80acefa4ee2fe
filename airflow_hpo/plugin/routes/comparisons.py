"""Routes of comparisons: what was compared, decided, and answered."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from airflow_hpo.pages.comparison import comparison_detail
from airflow_hpo.pages.comparisons import comparison_lines, no_such_comparison, owner_of
from airflow_hpo.pages.models.answer import LARGEST
from airflow_hpo.pages.models.comparisons import ComparisonDetail, Comparisons, MayAnswer
from airflow_hpo.plugin.access import RightsDep
from airflow_hpo.plugin.study_database import StoreDep

router = APIRouter()


@router.get("/comparisons")
def comparisons(
    store: StoreDep,
    rights: RightsDep,
    dag_id: str | None = None,
    run_id: str | None = None,
    parameter_set: str | None = None,
    family: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Comparisons:
    """Return comparisons that the person may read, the newest first."""
    found = store.read(
        comparison_lines,
        dag_id=dag_id,
        run_id=run_id,
        parameter_set=parameter_set,
        family=family,
        limit=limit,
        readable=rights.readable,
    )
    return Comparisons(comparisons=found)


@router.get("/comparisons/{comparison}")
def comparison(
    comparison: Annotated[int, Path(ge=0, le=LARGEST)], store: StoreDep, rights: RightsDep
) -> ComparisonDetail:
    """Return one comparison with everything behind it; 404 where it is not there or may not be read."""
    there, dag_id = store.read(owner_of, comparison)
    if not there or not rights.may_read(dag_id):
        raise no_such_comparison(comparison)
    found = store.read(comparison_detail, comparison)
    waits = found.answer is not None and found.answer.choice is None
    may = waits and found.answer is not None and rights.may_answer(found.answer.task.dag_id)
    return found.model_copy(update={"may": MayAnswer(answer=may)})
