"""What commands print, whatever the programs have printed."""

from __future__ import annotations

import io
from pathlib import Path

from rich.progress import Progress, TextColumn

from airflow_hpo.cli.output import SafeConsole, emit, table

EVIL = "\x1b]0;title\x07\x1b[31mred\x1b[2J \u202egnp"


def printed(*objects: object, terminal: bool = True) -> str:
    out = io.StringIO()
    console = SafeConsole(file=out, force_terminal=terminal, width=60, color_system="truecolor")
    for each in objects:
        console.print(each, soft_wrap=True)
    return out.getvalue()


def test_a_line_brings_no_sequence_into_a_terminal() -> None:
    assert printed(EVIL) == "red gnp\n"


def test_a_table_keeps_its_own_style_and_no_one_elses() -> None:
    text = printed(table([{"why" + EVIL: EVIL}], title=EVIL))
    assert "\x1b[1m" in text
    for sequence in ("\x1b[31m", "\x1b]", "\x1b[2J", "\u202e"):
        assert sequence not in text


def test_cells_are_as_wide_as_what_they_show() -> None:
    lines = printed(table([{"why": EVIL}, {"why": "red gnp"}]), terminal=False).splitlines()
    assert len({len(line) for line in lines if "red" in line}) == 1


def test_a_progress_bar_still_moves_the_cursor_and_its_text_does_not() -> None:
    out = io.StringIO()
    console = SafeConsole(file=out, force_terminal=True, width=60)
    with Progress(TextColumn("{task.fields[rest]}", markup=False), console=console) as bar:
        bar.add_task("", rest=EVIL)
    assert "\x1b[?25l" in out.getvalue()
    assert "\x1b]" not in out.getvalue()


def test_a_file_of_csv_has_neither_formulas_nor_sequences(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    emit([{"number": -1, "reason": f"={EVIL}"}], "csv", path=str(path))
    assert path.read_text(encoding="utf-8") == "number,reason\n-1,'=red gnp\n"
