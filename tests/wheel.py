"""Installs the wheel beside a plain Airflow in a clean environment and asks Airflow what it sees: ``make wheel``.

Not a pytest module: it needs a package index, and a minute.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
QUESTIONS = {
    ("providers", "list"): "airflow-provider-hpo",
    ("providers", "hooks"): "airflow_hpo.hooks.hpo.HpoHook",
    ("providers", "triggers"): "airflow_hpo.triggers.study",
    ("providers", "configs"): "airflow-provider-hpo",
    ("config", "get-value", "hpo", "poll_interval"): "2.0",
    ("hpo", "studies", "--help"): "watch",
    ("plugins",): "hpo",
}


def main() -> None:
    """Build, install, ask."""
    with tempfile.TemporaryDirectory(prefix="hpo-wheel-") as folder:
        place = Path(folder)
        python = _install(place)
        home = place / "home"
        env = {**_clean(), "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "COLUMNS": "300"}
        _airflow(python, env, "db", "migrate")
        before = sorted(home.iterdir())
        for question, answer in QUESTIONS.items():
            said = _airflow(python, env, *question)
            if answer not in said:
                raise SystemExit(f"`airflow {' '.join(question)}` must mention {answer!r}, but said:\n{said}")
            print(f"airflow {' '.join(question)}: {answer}")
        if sorted(home.iterdir()) != before:
            raise SystemExit(f"An unused provider must change nothing, but these files came: {sorted(home.iterdir())}.")
        _airflow(python, env, "hpo", "db", "migrate")
        print(_airflow(python, env, "hpo", "db", "check").strip().splitlines()[-1])
    print(f"{next(DIST.glob('*.whl')).relative_to(ROOT)} works in a clean environment.")


def _check_pages(wheel: Path) -> None:
    """The wheel holds what browsers load, and not what it is built from."""
    names = zipfile.ZipFile(wheel).namelist()
    for file in sorted((ROOT / "airflow_hpo" / "pages" / "static").iterdir()):
        if f"airflow_hpo/pages/static/{file.name}" not in names:
            raise SystemExit(f"The wheel must hold airflow_hpo/pages/static/{file.name}.")
    sources = [name for name in names if name.startswith("ui/")]
    if sources:
        raise SystemExit(f"The wheel must not hold the sources of the pages, but has {sources[:3]}.")


def _install(place: Path) -> Path:
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    shutil.rmtree(DIST, ignore_errors=True)
    _run([uv, "build", "--wheel", "--quiet", "--out-dir", str(DIST)], cwd=ROOT)
    locked = place / "locked.txt"
    export = ["export", "--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "--quiet"]
    _run([uv, *export, "--output-file", str(locked)], cwd=ROOT)
    _run([uv, "venv", "--quiet", str(place / "venv")])
    python = place / "venv" / "bin" / "python"
    wheel = next(DIST.glob("*.whl"))
    _check_pages(wheel)
    _run([uv, "pip", "install", "--quiet", "--python", str(python), "-c", str(locked), str(wheel)])
    return python


def _airflow(python: Path, env: dict[str, str], *arguments: str) -> str:
    return _run([str(python), "-m", "airflow", *arguments], env=env, cwd=python.parent)


def _clean() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"))
    }


def _run(command: list[str], env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
