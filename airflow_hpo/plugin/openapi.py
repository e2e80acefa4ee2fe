"""Description of the pages' API, from which the types of the pages are made: ``python -m airflow_hpo.plugin.openapi FILE``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def described() -> dict[str, Any]:
    """Return the description without how people sign in, which is Airflow's part and changes with its version."""
    from airflow_hpo.plugin.app import make_app

    found = make_app().openapi()
    found["components"].pop("securitySchemes", None)
    for methods in found["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    # The version of the package is none of the API's.
    found["info"] = {"title": found["info"]["title"], "version": "v1"}
    return found


def as_text() -> str:
    """Return the description as it is kept in ``pages/openapi.json``."""
    return json.dumps(described(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    # Not printed: what libraries log when they are imported goes to the same place.
    Path(sys.argv[1]).write_text(as_text(), encoding="utf-8")
