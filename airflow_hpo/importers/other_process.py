"""Other process, in which a specification that is Python runs under a stand-in; it loads little, and what is read is plain data."""

import json
import sys
import types
from collections.abc import Callable
from typing import Any


class Marker:
    """One object of another system that a file makes, with what it was made of."""

    def __init__(self, name: str, /, *unnamed: Any, **named: Any) -> None:
        self.name, self.unnamed, self.named = name, unnamed, named

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Refuse what needs the system itself."""
        raise TypeError(f"{self.name} cannot be called while the file is imported")


def install_modules(parts: dict[str, dict[str, Any]]) -> None:
    """Make modules what imports find, each after the one that it is in."""
    for name, content in parts.items():
        module = types.ModuleType(name)
        module.__path__ = []
        vars(module).update(content)
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)


def plain_number(value: Any) -> Any:
    """Return a number of NumPy as one of Python."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


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
