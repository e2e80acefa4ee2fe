"""Rows as a table, JSON or CSV; of a table only the columns that fit into 80 characters and say something."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from airflow_hpo.core.shown_text import csv_text, shown
from airflow_hpo.core.trial import Origin, brief
from airflow_hpo.trials.rows import COLUMNS

PLAIN_WIDTH = 200
"""Columns of an output that is no terminal: a file or a pipe."""

DULL = {"attempts": 1, "origin": Origin.SAMPLER.value}
"""Columns of a trial that are shown only where a trial has something else."""
HIDDEN = {
    "state",
    "started",
    "replaced_by",
    "reason",
    "exit_code",
    "problems",
    "remarks",
    "taken_over_measured",
    "taken_over_data_until",
}
"""Columns of a trial that complete ones need not show, or that are printed below the table."""


class SafeConsole(Console):
    """A console that writes its own escape sequences and none of the texts that it prints."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, of texts what may be shown."""
        super().print(*(shown(each) if isinstance(each, str) else each for each in objects), **options)

    def on_broken_pipe(self) -> None:
        """Leave it to the command how it ends when its reader is gone."""
        raise BrokenPipeError

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Return what is written, as terminals may get it."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown(segment.text))


def terminal() -> Console:
    """Return the standard output."""
    console = SafeConsole()
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console


def text(rows: Sequence[dict[str, Any]], form: str) -> str:
    """Return rows as JSON or CSV."""
    if form == "json":
        return json.dumps(rows, indent=2) + "\n"
    return csv_text(rows, list(rows[0]) if rows else [])


def table(rows: Sequence[dict[str, Any]], title: str | None = None) -> Table:
    """Return rows as a table for people: floats shortened, nothing for None, empty columns left out."""
    grid = Table(title=Text(title) if title else None, title_justify="left", header_style="bold")
    names = [name for name in (rows[0] if rows else {}) if any(row[name] is not None for row in rows)]
    for name in names:
        numeric = all(isinstance(row[name], int | float | None) for row in rows)
        grid.add_column(Text(shown(name)), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text("" if row[name] is None else shown(brief(row[name]))) for name in names))
    return grid


def emit(rows: Sequence[dict[str, Any]], form: str, path: str | None = None, none: str = "Nothing is found.") -> None:
    """Print rows, or write them to a file; of a table without any say what there is none of."""
    if path:
        with open(path, "w", encoding="utf-8", newline="") as file:
            _write(SafeConsole(file=file, width=PLAIN_WIDTH), rows, form)
    elif rows or form != "table":
        _write(terminal(), rows, form)
    else:
        terminal().print(none, soft_wrap=True)


def print_variables(variables: Mapping[str, str]) -> None:
    """Print environment variables as a shell reads them, one a line."""
    lines = (f"{name}={shlex.quote(value)}" for name, value in variables.items())
    terminal().out("\n".join(lines), highlight=False)


def _write(console: Console, rows: Sequence[dict[str, Any]], form: str) -> None:
    if form == "table":
        console.print(table(rows))
    else:
        console.out(text(rows, form), end="", highlight=False)


def edition_view(row: dict[str, Any], count: str) -> dict[str, Any]:
    """Return what a table of editions shows of one."""
    parts = [row["complete"], row["pruned"], row["failed"] if count == "finished" else 0]
    done = "?" if None in parts else sum(parts)
    return {
        "edition": row["edition"],
        "state": row["state"],
        "done": f"{done}/{row['wanted']}",
        "failed": row["failed"] or None,
        "feasible": row["feasible"],
        "running": row["running"] or None,
        "best": row["best"],
        "started": row["started"][5:16].replace("T", " "),
    }


def trials_view(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a table of complete trials shows of them."""
    dull = {name for name, usual in DULL.items() if all(row[name] == usual for row in rows)}
    return [{_heading(name, row): value for name, value in row.items() if name not in HIDDEN | dull} for row in rows]


def _heading(name: str, row: dict[str, Any]) -> str:
    short = name.removeprefix("params.")
    if name == "number":
        return "trial"
    return name if short in row or short in COLUMNS | {"trial"} else short
