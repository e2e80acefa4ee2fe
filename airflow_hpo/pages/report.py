"""Report of one study: a file of HTML with its data and the script that draws them, which needs neither server nor network.

Its policy lets a browser run these two scripts and nothing else, and load nothing, whatever a study's texts hold.
"""

import base64
import hashlib
import html
import re
from pathlib import Path

from airflow_hpo import __version__
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.pages.attempts import attempts_of
from airflow_hpo.pages.columns import columns_of
from airflow_hpo.pages.comparison import comparison_detail
from airflow_hpo.pages.curves import best_curves
from airflow_hpo.pages.edition import Numbered
from airflow_hpo.pages.failures import failures_of
from airflow_hpo.pages.models.report import Report
from airflow_hpo.pages.models.studies import MayStudy
from airflow_hpo.pages.study import study_page
from airflow_hpo.pages.study_lines import EndedRuns
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.studies.store import Store

SCRIPT = Path(__file__).with_name("static") / "report.js"
CURVES = 50
"""Trials of which a report has the curves: the best."""
_MARKUP = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
_READ = 'window.HPO_REPORT = JSON.parse(document.getElementById("hpo-report-data").textContent);'
_NOTHING = MayStudy(steer=False, clear=False)


def report_of(store: Store, found: Numbered, ended_runs: EndedRuns) -> Report:
    """Return what a report shows of an edition."""
    page = study_page(store, found, ended_runs, _NOTHING)
    return Report(
        version=__version__,
        made_at=utc_now(),
        study=page,
        trials=columns_of(store, found.edition),
        attempts=attempts_of(store, found.edition),
        failures=failures_of(store, found.edition),
        curves=best_curves(store, found.edition, CURVES),
        comparisons=[store.read(comparison_detail, each.id) for each in page.comparisons],
    )


def html_of(report: Report) -> str:
    """Return the file of a report."""
    read, draw = _READ, _inlined(_script())
    policy = f"default-src 'none'; script-src {_digest(read)} {_digest(draw)}; style-src 'unsafe-inline'; img-src data: blob:"
    data = report.model_dump_json().translate(_MARKUP)
    return "\n".join(
        (
            "<!doctype html>",
            '<html><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{html.escape(report.study.name)}</title></head>",
            '<body><div id="hpo-report"><noscript>The report is drawn by a script, which is switched off here.</noscript></div>',
            f'<script type="application/json" id="hpo-report-data">{data}</script>',
            f"<script>{read}</script>",
            f"<script>{draw}</script>",
            "</body></html>",
            "",
        )
    )


def _script() -> str:
    text = SCRIPT.read_text(encoding="utf-8") if SCRIPT.is_file() else ""
    if not text:
        raise PermanentHpoError(
            f"A report needs the script that draws it, but {SCRIPT} is missing or empty. Install the package again, or type `make pages`."
        )
    return text


def _inlined(script: str) -> str:
    """Return a script as it may stand in HTML: what ends the element can only be in its texts, where a backslash says the same."""
    return re.sub("</(script)", r"<\\/\1", script, flags=re.IGNORECASE)


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
