"""Running other programs and saying what goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cluster.errors import ClusterError

SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
"""The caller's PATH, and the folders of system programs that an unprivileged one lacks."""


def say(text: str) -> None:
    """Tell a person, on standard error: standard output is for what a program reads."""
    print(f"cluster: {text}", file=sys.stderr, flush=True)


def find(program: str) -> str | None:
    """Return the path of a program, or nothing when there is none."""
    return shutil.which(program, path=SYSTEM_PATH)


def run(*argv: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return its standard output.

    :param argv: the program and its arguments.
    :param cwd: the folder to run it in.
    :param env: variables to add to this process's own.
    :raises ClusterError: when the program is missing or ends with another code than 0.
    """
    words = [str(word) for word in argv]
    program = find(words[0])
    if program is None:
        raise ClusterError(f"`{words[0]}` must be on PATH, but is not. Install it.")
    done = subprocess.run(
        [program, *words[1:]],
        cwd=cwd,
        env={**os.environ, "PATH": SYSTEM_PATH, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-3000:]
        raise ClusterError(f"`{' '.join(words[:4])} ...` must end with code 0, but got {done.returncode}: {said}")
    return done.stdout


def succeeds(*argv: str) -> bool:
    """Return whether a program is there and ends with code 0 within 20 seconds."""
    if find(argv[0]) is None:
        return False
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=20).returncode == 0
    except subprocess.TimeoutExpired:
        return False
