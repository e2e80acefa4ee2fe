"""Run of a specification that is Python: in a process of its own, which has nothing of Airflow's environment."""

import ast
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.document import LARGEST

SECONDS = 60
"""How long a file may run until it calls what is looked for, or ends."""
_HANDED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""Variables that a file gets: none of Airflow's, which hold connections and keys."""
_ROOT = str(Path(__file__).parents[2])
_START = "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
"""Starts a module of this package also where it is not installed, behind everything that is."""


def text_of(text: str | bytes) -> str:
    """Return the text of a file; what is no UTF-8 becomes signs that Python refuses."""
    plain = text.decode("utf-8-sig", "replace") if isinstance(text, bytes) else text
    return plain.removeprefix("\ufeff")


def imports(text: str | bytes, *modules: str) -> bool:
    """Say whether a text is Python that imports one of some modules."""
    if len(text) > LARGEST:
        return False
    plain = text_of(text)
    try:
        tree = ast.parse(plain) if any(each in plain for each in modules) else ast.Module([], [])
        found = [each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
        found += [alias.name for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(each.partition(".")[0] in modules for each in found)


def allowed(title: str, run_file: object) -> None:
    """Refuse to run a file unless that was said."""
    if run_file is not True:
        raise DeclarationError(
            f"A {title} specification is Python, which is run to be read, but got run_file={run_file!r}. "
            "Look at the file, then write run_file=True (--run-file)."
        )


def run(text: str | bytes, title: str, stand_in: str, folder: str | None = None) -> dict[str, Any]:
    """Run a file under a stand-in, a module of this package, and return what it declares."""
    if len(text) > LARGEST:
        raise DeclarationError(
            f"A specification has {LARGEST // 2**20} MB at most, but got {len(text) / 2**20:.1f} MB. Give the search alone."
        )
    found = _run(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"), stand_in, folder)
    if "error" in found:
        raise DeclarationError(
            f"A {title} file is run to be read, but got {found['error']}. Mend it, or give a file with the search alone."
        )
    return found


def _run(content: bytes, stand_in: str, folder: str | None) -> dict[str, Any]:
    environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    with tempfile.TemporaryDirectory() as own:
        source, target = Path(own, "file.py"), Path(own, "declared.json")
        source.write_bytes(content.removeprefix(b"\xef\xbb\xbf"))
        command = [sys.executable, "-I", "-c", _START, _ROOT, stand_in, str(source), str(target)]
        try:
            done = subprocess.run(
                command,
                env=environment,
                cwd=folder or own,
                timeout=SECONDS,
                capture_output=True,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return {"error": f"no end after {SECONDS} seconds"}
        if not target.exists():
            return {"error": f"the end of its process (code {done.returncode})"}
        result: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
        return result
