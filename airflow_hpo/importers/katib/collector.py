"""Reader of ``spec.metricsCollectorSpec``: where metrics are read."""

import re

from airflow_hpo.core.metrics.source import File, MetricSource, Stdout
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.go_regex import UntranslatedError, python_regex, takes_half_numbers
from airflow_hpo.importers.jinja_text import template

DEFAULT_PATH = "/var/log/katib/metrics.log"
_KINDS = ("StdOut", "File", "TensorFlowEvent", "PrometheusMetric", "Custom", "Push", "None")
_ELSEWHERE = {
    "TensorFlowEvent": "Files of TensorFlow events (TensorFlowEvent) are not read yet: print name=value as well",
    "PrometheusMetric": "An address of Prometheus (PrometheusMetric) is not read: print name=value as well",
    "Custom": "The container of a Custom collector tells Katib's database, which is not here: print name=value",
    "Push": "A program that tells Katib's client (Push) would talk to no one here: print name=value",
    "None": "A program that tells Katib's database itself (None) would talk to no one here: print name=value",
}
_NAMED_GROUP = re.compile(r"\(\?P<\w+>")


def source_of(spec: Fields) -> MetricSource:
    """Return the source of metrics; the standard output stands for one that is refused."""
    collector, source = spec.part("collector"), spec.part("source")
    kind = collector.one_of("kind", *_KINDS) or "StdOut"
    collector.silent("customCollector")
    collector.close()
    spec.close()
    if kind in _ELSEWHERE:
        collector.findings.refuse(
            collector.at("kind"),
            f"{_ELSEWHERE[kind]}, which collector.kind: StdOut reads, or write JSON lines into a File.",
        )
        return Stdout(step=None)
    place = source.part("fileSystemPath")
    path, form = place.text("path"), place.one_of("format", "TEXT", "JSON")
    place.silent("kind")
    place.close()
    filters = _filters(source)
    source.refused("httpGet", "It belongs to the collector PrometheusMetric. Leave it out.")
    source.close()
    try:
        if kind == "StdOut":
            return Stdout(filter=filters, step=None)
        _check_folder(place, path or DEFAULT_PATH)
        as_file = File(template([path or DEFAULT_PATH]), filter=filters, step=None)
        return File(template([path or DEFAULT_PATH]), format="json", step=None) if form == "JSON" else as_file
    except DeclarationError as err:
        source.findings.refuse(source.at("filter.metricsFormat"), str(err))
        return Stdout(step=None)


def _check_folder(place: Fields, path: str) -> None:
    if not path.startswith("/") or path.rstrip("/").count("/") < 2:
        place.findings.refuse(
            place.at("path"),
            f"A metrics file in a pod needs a folder of its own, named from the root, but got {path!r}. Write /metrics/m.log.",
        )


def _filters(source: Fields) -> str | list[str] | None:
    """Return the expressions of the filter, of which the first group is the name and the second the value."""
    given = source.part("filter")
    texts = given.texts("metricsFormat")
    found = []
    for place, text in enumerate(texts):
        path = given.at("metricsFormat") if len(texts) == 1 else given.at(f"metricsFormat[{place}]")
        try:
            expression = _NAMED_GROUP.sub("(", python_regex(text))
        except UntranslatedError as err:
            given.findings.refuse(path, f"It cannot be read as Katib reads it: {err}.")
            continue
        if takes_half_numbers(expression):
            given.findings.differs(
                path,
                "Katib takes a part of a number where the expression ends in the middle of it, as 1 of 1e-05. Here such a value is "
                "none, and fails the trial where it would count. Let the second group take the whole number: (\\S+).",
                "trial.metrics",
            )
        found.append(expression)
    given.close()
    return found[0] if len(found) == 1 else found or None
