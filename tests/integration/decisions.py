"""Comparisons with decisions of the test's choosing."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.evaluation import Candidate, Plan
from airflow_hpo.core.objective import Objective
from airflow_hpo.evaluations.decided import decided
from airflow_hpo.evaluations.run import open_evaluation
from airflow_hpo.storage import comparisons
from airflow_hpo.storage.comparisons import Finding
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import START

_digests = itertools.count()


def decision(
    store: Store,
    params: Mapping[str, Any],
    champion_version: int | None = None,
    verdict: str = "promote",
    **finding: Any,
) -> dict[str, Any]:
    """Keep a comparison of trial 7 of ``s@r`` with the champion, and return what its task returns.

    :param store: the study database.
    :param params: what the challenger has.
    :param champion_version: which version it was compared with.
    :param verdict: what was decided.
    :param finding: what else differs from the usual, such as ``dag_id`` and ``run_id``.
    """
    number = next(_digests)
    challenger = Candidate("trial 7", dict(params), study="s@r", number=7)
    plan = Plan(objective=Objective("loss"), candidates=[challenger], scenarios=["day"])
    name = open_evaluation(store, plan, "s/test", f"r{number}", START).edition
    said = ", ".join(str(value) for value in params.values())
    found = Finding(
        **{
            "digest": f"{number:064d}",
            "edition": "s@r",
            "family": "s",
            "parameter_set": None,
            "champion_version": champion_version,
            "look": 1,
            "verdict": verdict,
            "sentence": f"{said} is better.",
            "decision": {"challenger": "trial 7", "next_look": None, "challengers": [], "evidence": {"pairs": 1}},
            "selection": None,
            "report": "## Promote\n",
            "evaluations": [name],
            **finding,
        }
    )
    with store.session() as session:
        kept = comparisons.keep(session, found)
    return decided(store, {"comparison": kept.id}).data
