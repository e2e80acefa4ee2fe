"""Name of a sampler's class that others wrote: its form, its options, the digest of its folder."""

import json
import re
from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.declared import brief_repr

CLASS_NAME = re.compile(r"(?:[^\W\d]\w*(?:\.[^\W\d]\w*)*|/[^:]+):[^\W\d]\w*(?:\.[^\W\d]\w*)*")
"""``package.module:Class``, or ``/absolute/folder:Class``."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DOTTED = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)\.([^\W\d]\w*)")


def is_class(name: str) -> bool:
    """Say whether a sampler is named by its class."""
    return ":" in name


def is_folder(name: str) -> bool:
    """Say whether a class stands in a folder of its own, as packages of OptunaHub do."""
    return name.startswith("/")


def check_class(name: str, digest: str | None, options: Mapping[str, Any]) -> None:
    """Refuse a name, a digest or options that no class can have; the class itself is known where tasks run."""
    if not CLASS_NAME.fullmatch(name):
        raise ValueError(
            f"A sampler of your own is named 'package.module:Class' or '/folder:Class', but got {name!r}. "
            f"Write {meant_by(name) or 'mine.samplers:Annealing'!r}."
        )
    if is_folder(name) and (digest is None or not DIGEST.fullmatch(digest)):
        folder = name.rpartition(":")[0]
        raise ValueError(
            f"A folder is imported only as it was when its digest was taken, but got digest={digest!r} with {name!r}. "
            f"Write digest='sha256:...', which `python -m airflow_hpo.optuna.sampler_folder {folder}` prints."
        )
    if digest is not None and not is_folder(name):
        raise ValueError(
            f"A digest belongs to a folder, but got digest={digest!r} with {name!r}. Leave it out: what is installed is "
            "pinned where it is installed."
        )
    if "seed" in options:
        raise ValueError(
            f"Each trial has a seed that follows from the study's, but got seed={options['seed']!r}. "
            f"Write Study(..., seed={options['seed']!r})."
        )
    for option, value in options.items():
        if not _is_data(value):
            raise ValueError(
                f"Options of a sampler are data, as JSON has it, but got {option}={brief_repr(value)}. Write a class with a name of its "
                f"own that makes it: class Mine({name.rpartition(':')[2]})."
            )


def meant_by(given: str) -> str | None:
    """Return the name of a class that was written with a dot for the colon; None for another text."""
    found = _DOTTED.fullmatch(given)
    return f"{found[1]}:{found[2]}" if found else None


def name_of_object(given: Any) -> str | None:
    """Return the name of a sampler's class that was given itself, or as an object; None for anything else."""
    kind = given if isinstance(given, type) else type(given)
    return f"{kind.__module__}:{kind.__qualname__}" if hasattr(kind, "sample_relative") else None


def _is_data(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
