"""Other process, in which a specification that is Python runs under a stand-in; it loads little, and what is read is plain data."""

import json
import sys
from collections.abc import Callable
from typing import Any


def write_declared(install: Callable[[], None], declared: Callable[[str], dict[str, Any]]) -> None:
    """Run the one file that the command line names under a stand-in, and write what it declares into the other."""
    _, source, target = sys.argv
    install()
    try:
        with open(source, encoding="utf-8") as file:
            found = declared(file.read())
        text = json.dumps(found)
    except BaseException as err:  # noqa: BLE001 - whatever a file does, the other process is told
        text = json.dumps({"error": f"{type(err).__name__}: {err}"})
    with open(target, "w", encoding="utf-8") as written:
        written.write(text)
