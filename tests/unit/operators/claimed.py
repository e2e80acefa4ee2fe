"""A trial that an operator has claimed already, so that its fields can be rendered without a store."""

from types import SimpleNamespace
from typing import Any

from airflow_hpo.core.trial import TrialRequest


def claimed_run(request: TrialRequest, *, text_values: bool = True) -> Any:
    """Return what rendering sees of a trial's run."""
    return SimpleNamespace(claimed=SimpleNamespace(request=request), edition=SimpleNamespace(text_values=text_values))
