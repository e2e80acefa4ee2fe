"""Reports of studies that end, in the folder that ``[hpo] reports`` names."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow_hpo import conf

if TYPE_CHECKING:
    from airflow_hpo.studies.store import Store

logger = logging.getLogger(__name__)


def write_report(store: Store, name: str) -> None:
    """Write the report of an edition, where one is wanted; the study has its result whatever becomes of the file."""
    if not (folder := conf.reports()):
        return
    try:
        logger.info("The report of %s is in %s.", name, _written(store, name, folder))
    except Exception as err:  # noqa: BLE001 - a storage raises anything
        logger.warning("The report of %s could not be written into %s: %s", name, folder, err)


def _written(store: Store, name: str, folder: str) -> str:
    from airflow.sdk import ObjectStoragePath

    from airflow_hpo.pages.edition import numbered
    from airflow_hpo.pages.report import html_of, report_of
    from airflow_hpo.storage import editions

    found = store.read(numbered, store.read(editions.row_id, name))
    # A task cannot ask Airflow for runs, and this one goes on.
    text = html_of(report_of(store, found, lambda _: {}))
    file = ObjectStoragePath(folder) / f"{quote(name, safe='@~+')}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return str(file)
