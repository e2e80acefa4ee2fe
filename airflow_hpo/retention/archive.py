"""Archive of an edition: all of its trials in one CSV file, with the columns of ``airflow hpo studies export``."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from airflow_hpo.core.shown_text import csv_text
from airflow_hpo.exceptions import ArchiveError

LONGEST = 200
"""Characters of a file's name, of which file systems take 255 bytes."""


def archive_file(folder: Path, edition: str, purge: int) -> Path:
    """Return the file for the trials that an edition has at its first, second, ... purge."""
    name = quote(edition, safe="@~+ ").replace(" ", "%20")
    if len(name) > LONGEST:
        name = f"{name[:LONGEST]}-{hashlib.sha256(edition.encode()).hexdigest()[:16]}"
    return folder / (f"{name}.csv" if purge == 1 else f"{name}.{purge}.csv")


def archive(rows: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Write trials whole or not at all; a file that is there is left as it is, and accepted when it holds the same."""
    data = csv_text(rows, list(rows[0]) if rows else []).encode()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            _refuse_other(file, data)
            return
        _write(file, data)
        _refuse_other(file, data)
    except OSError as err:
        raise ArchiveError(
            f"Trials are archived before they are deleted, but {file} cannot be written: {err.strerror or err}. Nothing of "
            "this edition was deleted. Make room and let this user write there, or name another folder."
        ) from err


def _refuse_other(file: Path, data: bytes) -> None:
    if file.read_bytes() != data:
        raise ArchiveError(
            f"An archive is never overwritten, but {file} is there and holds something else. Nothing of this edition was "
            "deleted. Name another folder."
        )


def _write(file: Path, data: bytes) -> None:
    draft = file.with_name(f".{file.name[:100]}.{os.getpid()}.part")
    try:
        with draft.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        _name(draft, file)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _name(draft: Path, file: Path) -> None:
    """Give a whole file its name unless the name is taken meanwhile; what is there then is compared afterwards."""
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not file.exists():
            draft.rename(file)
