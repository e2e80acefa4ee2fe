"""Fingerprint of the files that decide a trial's value."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.exceptions import DeclarationError

IGNORED = frozenset(
    {"__pycache__", ".git", ".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".DS_Store"}
)
"""Names of what tools leave beside programs."""

LONGEST_PATH = 255
"""Characters of a part of a command that may be a path; longer ones are programs of their own."""


def checked_paths(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Return paths as texts, checked when they are declared."""
    if isinstance(paths, list | tuple) and all(isinstance(path, str | os.PathLike) and str(path) for path in paths):
        return [os.fspath(path) for path in paths]
    raise DeclarationError(
        f"`code` is a list of paths of files and folders, but got {brief_repr(paths)}. Write code=['train.py', 'models']."
    )


def files_fingerprint(paths: Sequence[str], folder: str) -> str:
    """Return 16 hex digits of the names and the content of files and of all files in folders; empty without any."""
    if not paths:
        return ""
    digest = hashlib.sha256()
    for path in sorted(paths):
        for name, file in _files(Path(folder, path), path):
            digest.update(f"{name}\0".encode())
            digest.update(_content(file))
    return digest.hexdigest()[:16]


def unseen_files(parts: Iterable[str], folders: Iterable[str], paths: Sequence[str], folder: str) -> list[str]:
    """Return which parts of a command name files in some folders that the fingerprint does not cover."""
    seen = [Path(folder, path).resolve() for path in paths]
    return [
        part
        for part in parts
        for file in [_file_of(part, folders)]
        if file and not any(file.is_relative_to(one) for one in seen)
    ]


def _file_of(part: str, folders: Iterable[str]) -> Path | None:
    if not part or len(part) > LONGEST_PATH or "\0" in part:
        return None
    roots = [Path(one).resolve() for one in folders]
    found = [Path(root, part).resolve() for root in roots]
    return next((one for one in found if one.is_file() and any(one.is_relative_to(root) for root in roots)), None)


def _files(there: Path, given: str) -> Iterator[tuple[str, Path]]:
    """Yield files with their names below what was given: a folder that moves as a whole keeps its fingerprint."""
    if not there.exists():
        raise DeclarationError(
            f"What `code` names must exist where the trial is claimed, but there is no {str(there)!r}. "
            f"Correct {given!r}: a relative path begins at the folder of the DAG's file."
        )
    if not there.is_dir():
        yield there.name, there
        return
    # Without its own name, which is that of a version where a bundle unpacks each of its own.
    yield "", Path(os.devnull)
    seen: set[str] = set()
    for top, folders, files in os.walk(there, followlinks=True):
        folders[:] = (
            sorted(name for name in folders if name not in IGNORED) if _add(os.path.realpath(top), seen) else []
        )
        for name in sorted(files):
            file = Path(top, name)
            if name not in IGNORED and not name.endswith((".pyc", ".pyo")) and file.is_file():
                yield file.relative_to(there).as_posix(), file


def _add(folder: str, seen: set[str]) -> bool:
    """Note a folder; False when it is there already: a link may lead back."""
    if folder in seen:
        return False
    seen.add(folder)
    return True


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as err:
        raise DeclarationError(
            f"A file of `code` must be readable where the trial is claimed, but {str(file)!r} is not: {err.strerror}. "
            "Change its rights."
        ) from None
