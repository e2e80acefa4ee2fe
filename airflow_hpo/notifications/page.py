"""Page in Airflow's UI that shows what a message is about."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from airflow.sdk.configuration import conf


def page_of(data: Mapping[str, Any]) -> str | None:
    """Return the address of the page about what a task returned; None without one, or where Airflow does not know its own address."""
    base, place = conf.get("api", "base_url", fallback="").rstrip("/"), _place(data)
    return f"{base}/plugin/hpo?{urlencode(place)}" if base and place else None


def _place(data: Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(number := data.get("comparison"), int):
        return {"page": "decisions", "comparison": number}
    if "version" in data and "name" in data:
        return {"page": "parameter-sets", "set": data["name"]}
    return {"q": data["edition"]} if "edition" in data else {}
