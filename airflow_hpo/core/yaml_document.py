"""YAML as people expect it: ``1e-5`` is a number, as in JSON and YAML 1.2, where PyYAML reads text."""

import json
import re
from typing import Any

import yaml

_EXPONENT = re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$")


class _Loader(yaml.SafeLoader):
    pass


class _Dumper(yaml.SafeDumper):
    """Quotes text that :class:`_Loader` would read as a number."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal lists out: people edit these documents."""
        return True


for _class in (_Loader, _Dumper):
    _class.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))


def load(text: str) -> Any:
    """Return the document's data."""
    try:
        return json.loads(text)
    except (
        ValueError,
        RecursionError,
    ):  # not JSON; tried first, because PyYAML would split JSON's escaped surrogate pairs
        return _yaml(text)


def _yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
    except (ValueError, LookupError, AttributeError) as err:
        # PyYAML takes a scalar for what it looks like, such as 2026-13-45 for a date, before it tries.
        raise yaml.YAMLError(f"a value is not what it looks like: {err}") from err


def lines_of(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of each key and of each text in a list, by the keys on the way to it.

    A key that stands twice, of which one would be lost, is an error.
    """
    found: dict[tuple[str, ...], int] = {}
    _note_lines(yaml.compose(text, Loader=_Loader), (), found)
    return found


def _note_lines(node: yaml.Node | None, path: tuple[str, ...], found: dict[tuple[str, ...], int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            if inner in found:
                first = found[inner]
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} stands in line {first} already", key.start_mark
                )
            found[inner] = key.start_mark.line + 1
            _note_lines(value, inner, found)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            if isinstance(value, yaml.ScalarNode):
                found.setdefault((*path, str(value.value)), value.start_mark.line + 1)
            _note_lines(value, (*path, str(number)), found)


def problem_of(err: yaml.YAMLError) -> str:
    """Return what is wrong with a document, and in which line."""
    if isinstance(err, yaml.MarkedYAMLError) and err.problem_mark:
        return f"a mistake in line {err.problem_mark.line + 1} ({err.problem})"
    return f"a mistake ({str(err).splitlines()[0]})"


def dump(data: Any) -> str:
    """Return plain data as YAML that :func:`load` takes back."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False)
