"""Things that take minutes to make, kept outside the clone under the hash of what they are made of."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from cluster.errors import ClusterError

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def folder() -> Path:
    """Return where this tool keeps things: `airflow-hpo/cluster` under the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).resolve() / "airflow-hpo" / "cluster"


def architecture() -> str:
    """Return this machine's architecture in the words of Go and of container images."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise ClusterError(f"The machine must be one of {sorted(ARCHITECTURES)}, but is {machine!r}. Use KUBECONFIG.")
    return ARCHITECTURES[machine]


def fingerprint(texts: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Return a short hash of texts and of the contents of files, which changes when any of them does."""
    digest = hashlib.sha256()
    for part in [*(text.encode() for text in texts), *(file.read_bytes() for file in files)]:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def made_once(key: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of a key, made by `make` in a temporary folder unless it is there already.

    A making that is interrupted leaves no folder under the key; two at once make the same twice, and one is kept.
    """
    target = folder() / key
    if target.is_dir():
        return target
    folder().mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="making-", dir=folder()))
    try:
        make(draft)
        if not target.is_dir():
            draft.replace(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target
