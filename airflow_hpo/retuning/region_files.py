"""Regions as files: one YAML a region, so that a mistake in one stops that region alone."""

import glob
import inspect
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from airflow.sdk import DAG

from airflow_hpo.comparison.error_budget import ErrorBudget
from airflow_hpo.core.names import id_form
from airflow_hpo.core.study import Study, checked_study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.retuning.broken_region import BrokenRegion
from airflow_hpo.retuning.region import checked_region, displayed, region_dag, regional_study
from airflow_hpo.retuning.region_file import RegionFile
from airflow_hpo.retuning.shared_error import rule_of_one

log = logging.getLogger(__name__)


def from_yaml(
    pattern: str,
    *,
    study: Study | None = None,
    trial: Any = None,
    dag_id: str = "",
    parameter_set: str = "",
    error: ErrorBudget | Literal["each"] | None = None,
    **shared: Any,
) -> dict[str, DAG]:
    """Build one retuning DAG for each region's file, as ``retuning_dags.from_yaml("regions/*.yaml")``.

    A file is named after its region and has the arguments of :func:`retuning_dag` that are the region's own. A file with a mistake
    is an import error of its own, with the line to mend; the DAGs of the other regions go on, and a run of the region itself waits.

    Example::

        from airflow_hpo import retuning_dags

        retuning_dags.from_yaml("regions/*.yaml", tuning=Window("-20w", "-8w"), test=Window("-8w"))

    :param pattern: the files, such as ``"regions/*.yaml"``; a relative one begins at the folder of the DAG's file.
    :param study: the study that all regions share, of which a file's ``study`` has the fields that differ; None where each file has
        a whole study with a name of its own.
    :param trial: what runs a trial where a file has no ``trial``, or a function of the region's name that returns it.
    :param dag_id: as for :func:`retuning_dags`; of no use without a shared study.
    :param parameter_set: as for :func:`retuning_dags`; of no use without a shared study.
    :param error: as for :func:`retuning_dags`, divided among all files; a file's ``rule`` may have its own ``error``.
    :param shared: arguments of :func:`retuning_dag` for all regions; a file's are stronger, and of ``rule``, ``approval`` and ``notify``
        a file has the fields that differ.
    :returns: the DAGs by region, without the regions that have a mistake in their file.
    :raises DeclarationError: when no file is found, or what is shared makes no sense.
    """
    frame = inspect.currentframe()
    caller = frame.f_back if frame else None
    here = os.path.dirname(os.path.abspath(caller.f_code.co_filename)) if caller else os.getcwd()
    paths = sorted(glob.glob(os.path.join(here, pattern)))
    if not paths:
        raise DeclarationError(
            f"Each region has a file, but there is none of {os.path.join(here, pattern)!r}. Make regions/tokyo.yaml."
        )
    if study is not None:
        checked_study(study)
    shared = {**shared, "auto_register": False, "rule": rule_of_one(shared.get("rule"), error, len(paths))}
    dags: dict[str, DAG] = {}
    for path in map(Path, paths):
        file = RegionFile(path, os.path.relpath(path, here))
        try:
            region, dag = _built(file, study, trial, dag_id, parameter_set, shared, len(paths), dags)
        except DeclarationError as err:
            log.error("%s", err)
            BrokenRegion.of(str(err), path, here)
            continue
        # Only now, so that Airflow never takes a half of a DAG for the whole.
        dag.auto_register = True
        with dag:
            dags[region] = dag
    return dags


def _built(
    file: RegionFile,
    shared_study: Study | None,
    trial: Any,
    dag_id: str,
    parameter_set: str,
    shared: Mapping[str, Any],
    regions: int,
    others: Mapping[str, DAG],
) -> tuple[str, DAG]:
    own = file.arguments(shared)
    if "rule" in own:
        own["rule"] = rule_of_one(own["rule"], None, regions)
    with file.located():
        region = checked_region(file.path.stem)
    with file.located("study"):
        fields = own.pop("study", {})
        study = regional_study(shared_study, region, fields) if shared_study else Study.from_dict(fields)
    names: dict[str, Any] = {}
    if shared_study:
        its_id = f"{dag_id or f'retune_{id_form(shared_study.name)}'}_{id_form(region)}"
        names = {"dag_id": its_id, "parameter_set": f"{parameter_set or shared_study.name}/{region}"}
        names |= displayed(study, region, its_id)
    if trial is not None:
        names["trial"] = trial
    with file.located():
        dag = region_dag(region, study, {**names, **shared}, own)
        if region in others or dag.dag_id in {other.dag_id for other in others.values()}:
            raise DeclarationError(
                f"Each region has a DAG of its own, but another file makes {dag.dag_id!r} too. Rename this one, or write `dag_id: another`."
            )
    with file.located("schedule"):
        dag.validate()
    return region, dag
