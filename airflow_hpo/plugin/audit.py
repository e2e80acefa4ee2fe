"""Audit of what people do on the pages, in Airflow's own log of events; attempts that are refused stand there too."""

from collections.abc import Callable
from typing import Any

from airflow.api_fastapi.logging.decorators import action_logging


def audited(event: str) -> Callable[..., Any]:
    """Return the dependency that notes an event with who asked and what was sent, before anything is checked."""
    noted: Callable[..., Any] = action_logging(event=event)
    return noted
