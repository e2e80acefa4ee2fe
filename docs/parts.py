"""Picture of the parts and what passes between them: ``python -m docs.parts`` writes ``docs/parts.svg``."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

PICTURE = Path(__file__).parent / "parts.svg"
SIZE = 1000, 500
BOXES = {
    "declaration": (20, 30, 170, 90, "Declaration", "Study in a DAG file:", "space, objective, budget"),
    "suggest": (240, 30, 170, 90, "suggest", "asks Optuna's sampler", "for parameters"),
    "pod": (470, 30, 280, 140, "Trial", "a process, a function or a pod"),
    "program": (485, 95, 120, 60, "program", "prints loss=0.12"),
    "sidecar": (615, 95, 120, 60, "sidecar", "if you want one"),
    "settle": (810, 30, 170, 90, "settle", "reads ends; waits", "until slots are free"),
    "database": (
        20,
        240,
        960,
        80,
        "Study database",
        "trials, attempts, metrics, decisions, versions of parameters; Optuna can read it",
    ),
    "evaluation": (20, 390, 220, 90, "Evaluation", "the best and the champion,", "same scenarios and seeds"),
    "decision": (290, 390, 220, 90, "Decision", "promote, keep or inconclusive,", "with one sentence why"),
    "approval": (560, 390, 180, 90, "Approval", "a person,", "in Airflow's UI"),
    "production": (790, 390, 190, 90, "Production", "reads the champion", "when it runs"),
}
"""By name: left, top, width and height in pixels, the title, and lines below it."""
ARROWS = [
    ("M190 75 H238", "", 0, 0),
    ("M410 75 H468", "params", 417, 68),
    ("M750 75 H808", "", 0, 0),
    ("M895 30 V14 H325 V28", "next batch", 760, 27),
    ("M325 120 V238", "trials", 331, 185),
    ("M610 170 V238", "metrics, attempts", 616, 208),
    ("M895 238 V122", "counts", 901, 185),
    ("M130 320 V388", "best trials, champion", 136, 358),
    ("M240 435 H288", "", 0, 0),
    ("M400 390 V322", "decision", 406, 358),
    ("M510 435 H558", "", 0, 0),
    ("M650 390 V322", "new version", 656, 358),
    ("M885 320 V388", "champion", 891, 358),
]
"""Path, what passes along it, and where that stands."""


def svg() -> str:
    """Return the picture."""
    width, height = SIZE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
        "<title>From a declaration to production: the parts and what passes between them</title>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#444"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *(_box(*box) for box in BOXES.values()),
        *(_arrow(*arrow) for arrow in ARROWS),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(left: int, top: int, width: int, height: int, title: str, *lines: str) -> str:
    middle = left + width // 2
    texts = [f'<text x="{middle}" y="{top + 24}" text-anchor="middle" font-weight="bold">{escape(title)}</text>']
    for number, line in enumerate(lines):
        texts.append(f'<text x="{middle}" y="{top + 46 + 18 * number}" text-anchor="middle">{escape(line)}</text>')
    frame = f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="6" fill="#e0f2f1" stroke="#00796b"/>'
    return "\n".join([frame, *texts])


def _arrow(path: str, label: str, left: int, top: int) -> str:
    line = f'<path d="{path}" fill="none" stroke="#444" marker-end="url(#end)"/>'
    return f'{line}\n<text x="{left}" y="{top}" font-size="12" fill="#444">{escape(label)}</text>' if label else line


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
