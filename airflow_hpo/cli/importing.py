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
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.systems import read


@one_line_errors
def import_(args: Any) -> None:
    """Write the DAG of a specification; notes go to the standard error, so that the file may be the standard output."""
    path, target = Path(args.file), Path(args.output) if args.output else None
    if target is not None and target.exists():
        raise DeclarationError(
            f"The DAG is written into a new file, but {args.output!r} exists. Give another name, or remove it."
        )
    try:
        options = {"name": args.name, "max_trials": args.max_trials, "objective": _objective(args.objective)}
        options |= {"run_file": args.run_file or None, "study": args.study, "metric": args.metric}
        system, found = read(_content(path), args.source, path, **options)
    except RefusedSpecificationError as err:
        sys.exit("\n".join(map(shown, str(err).splitlines())))
    results = _results_beside(target, found)
    text = dag_file(found, f"{path.name} ({system.title})", results.name if results else None)
    if target is None:
        print(text, end="")  # noqa: T201
    else:
        target.write_text(text, encoding="utf-8")
    if results is not None:
        results.write_text(found.results, encoding="utf-8")
        _say(f"Wrote the results of the study as {results}: keep the two files together.")
    for note in found.notes:
        _say(f"{note.level.value.replace('_', ' ')}: {note.path}: {note.sentence}")
    if target is not None:
        _say(
            f"Wrote the study {found.study.name!r} as {args.output}. Look at it, then: airflow dags test {dag_id(found.study)}"
        )


def _results_beside(target: Path | None, found: Imported) -> Path | None:
    """Return where the results of a study are written: next to its DAG; None without any, or where the DAG is printed."""
    if not found.results:
        return None
    if target is None:
        _say("The results of the study are not written: give -o, so that a file with them stands beside the DAG.")
        return None
    path = target.with_name(f"{target.stem}_results.csv")
    if path.exists():
        raise DeclarationError(
            f"The results are written into a new file, but {str(path)!r} exists. Give another name, or remove it."
        )
    return path


def _objective(given: str | None) -> dict[str, str] | None:
    """Return the objective that a person names, such as ``minimize:loss``; a name alone is minimized."""
    if given is None:
        return None
    direction, colon, metric = given.partition(":")
    if colon and direction not in ("minimize", "maximize"):
        raise DeclarationError(
            f"An objective is minimize:NAME or maximize:NAME, but got {given!r}. Write minimize:{metric}."
        )
    return {"metric": metric, "direction": direction} if colon else {"metric": given, "direction": "minimize"}


def _content(path: Path) -> bytes:
    """Return what a file has; of one that is too long no more than tells so."""
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def _say(line: str) -> None:
    print(shown(line), file=sys.stderr)  # noqa: T201
