"""``airflow hpo import``: a specification of another system as a DAG file."""

import sys
from pathlib import Path
from typing import Any

from airflow_hpo.cli.connection import one_line_errors
from airflow_hpo.core.shown_text import shown
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.dag_file import dag_file, dag_id
from airflow_hpo.importers.document import LARGEST
from airflow_hpo.importers.findings import RefusedSpecificationError
from airflow_hpo.importers.systems import TITLES, read


@one_line_errors
def import_(args: Any) -> None:
    """Write the DAG of a specification; notes go to the standard error, so that the file may be the standard output."""
    path, target = Path(args.file), Path(args.output) if args.output else None
    if target is not None and target.exists():
        raise DeclarationError(
            f"The DAG is written into a new file, but {args.output!r} exists. Give another name, or remove it."
        )
    try:
        system, found = read(_content(path), args.source, name=args.name, max_trials=args.max_trials)
    except RefusedSpecificationError as err:
        sys.exit("\n".join(map(shown, str(err).splitlines())))
    text = dag_file(found, f"{path.name} ({TITLES[system]})")
    if target is None:
        print(text, end="")  # noqa: T201
    else:
        target.write_text(text, encoding="utf-8")
    for note in found.notes:
        _say(f"{note.level.value.replace('_', ' ')}: {note.path}: {note.sentence}")
    if target is not None:
        _say(
            f"Wrote the study {found.study.name!r} as {args.output}. Look at it, then: airflow dags test {dag_id(found.study)}"
        )


def _content(path: Path) -> bytes:
    """Return what a file has; of one that is too long no more than tells so."""
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def _say(line: str) -> None:
    print(shown(line), file=sys.stderr)  # noqa: T201
