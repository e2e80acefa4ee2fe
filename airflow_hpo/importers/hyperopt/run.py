"""Run of a specification that is Python: in a process of its own, which has nothing of Airflow's environment."""

import ast
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.document import LARGEST
from airflow_hpo.importers.hyperopt import stand_in

SECONDS = 60
"""How long a file may run until it calls fmin, or ends."""
_HANDED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""Variables that a file gets: none of Airflow's, which hold connections and keys."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file declares: rows that name each other by their place, and the arguments of fmin."""

    rows: list[Row]
    arguments: dict[str, int]
    function: str | None
    """What the objective is called, where the file has it."""

    def plain(self, place: int) -> Any:
        """Return a row as plain data; what is none, as the row."""
        row = self.rows[place]
        match row["kind"]:
            case "constant":
                return row["value"]
            case "list" | "tuple":
                return [self.plain(each) for each in row["items"]]
            case "dict":
                return {key: self.plain(each) for key, each in zip(row["keys"], row["items"])}
        return row


def is_hyperopt(text: str | bytes) -> bool:
    """Say whether a text is Python that imports Hyperopt."""
    if len(text) > LARGEST:
        return False
    try:
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        body = ast.parse(plain).body if "hyperopt" in plain else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    modules = [each.module or "" for each in body if isinstance(each, ast.ImportFrom)]
    modules += [alias.name for each in body if isinstance(each, ast.Import) for alias in each.names]
    return any(each.partition(".")[0] == "hyperopt" for each in modules)


def declared(text: str | bytes) -> Declared:
    """Run a file, and return what it declares."""
    if len(text) > LARGEST:
        raise DeclarationError(
            f"A specification has {LARGEST // 2**20} MB at most, but got {len(text) / 2**20:.1f} MB. Give the space alone."
        )
    found = _run(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    if "error" in found:
        raise DeclarationError(
            f"A Hyperopt file is run to be read, but got {found['error']}. Mend it, or give a file with space and fmin alone."
        )
    return Declared(found["rows"], found["arguments"], found["function"])


def _run(content: bytes) -> dict[str, Any]:
    environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "file.py"), Path(folder, "declared.json")
        source.write_bytes(content.removeprefix(b"\xef\xbb\xbf"))
        command = [sys.executable, "-I", stand_in.__file__, str(source), str(target)]
        try:
            done = subprocess.run(
                command, env=environment, cwd=folder, timeout=SECONDS, capture_output=True, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return {"error": f"no end after {SECONDS} seconds"}
        if not target.exists():
            return {"error": f"the end of its process (code {done.returncode})"}
        result: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
        return result
