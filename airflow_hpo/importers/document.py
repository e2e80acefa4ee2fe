"""Documents of other people: YAML or JSON that is read without trust in its size, its aliases or its tags."""

import re
from collections.abc import Iterable
from typing import Any

import yaml

from airflow_hpo.core.yaml_document import problem_of
from airflow_hpo.exceptions import DeclarationError

LARGEST = 10 * 1024 * 1024
"""Bytes of a file."""
MOST_NODES = 50_000
"""Values of a document, those of an alias counted wherever it stands: a bomb of a few lines has billions."""

_INT = re.compile(r"^(?:[-+]?0b[0-1_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?0o?[0-7_]+|[-+]?(?:0|[1-9][0-9_]*))$")
_FLOAT = re.compile(
    r"^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_PLAIN = ("null", "bool", "int", "float", "str", "seq", "map", "merge")
_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """Reads what Kubernetes reads: no dates, no numbers to the base of 60, no objects, and each key once."""

    yaml_implicit_resolvers = {
        first: [
            (tag, _INT if tag == f"{_TAG}int" else _FLOAT if tag == f"{_TAG}float" else rule)
            for tag, rule in rules
            if tag != f"{_TAG}timestamp"
        ]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Count the nodes while they are read, so that a long file of small ones ends early."""
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _too_much()
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that stands twice, of which one would be lost."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != f"{_TAG}merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value!r} stands twice in one mapping", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


for _first in "-+.0123456789":
    _rules = _Loader.yaml_implicit_resolvers.setdefault(_first, [])
    _rules[:0] = [(f"{_TAG}float", _FLOAT), (f"{_TAG}int", _INT)]


def documents(given: str | bytes) -> list[Any]:
    """Return the documents of a file as plain data; what is no YAML, or too much, is refused."""
    text = _text(given)
    found: list[Any] = []
    try:
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            _check(node)
            if node is not None:
                found.append(loader.construct_document(node))
    except RecursionError:
        raise DeclarationError(
            "A specification is YAML that is not nested without end, but got deeper levels. Mend it."
        ) from None
    except yaml.YAMLError as err:
        raise DeclarationError(f"A specification is YAML, but got {problem_of(err)}. Mend that line.") from None
    except (ValueError, LookupError, AttributeError) as err:
        raise DeclarationError(
            f"A specification is YAML, but got a value that is not what it looks like ({err}). Write it in quotes."
        ) from None
    return [each for each in found if each is not None]


def _text(given: str | bytes) -> str:
    if len(given) > LARGEST:
        raise DeclarationError(
            f"A specification has {LARGEST // 2**20} MB at most, but got {len(given) / 2**20:.1f} MB. Give the specification alone."
        )
    try:
        text = given.decode("utf-8-sig") if isinstance(given, bytes) else given.removeprefix("\ufeff")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DeclarationError(
            "A specification is text in UTF-8, but got a binary file. Give the YAML that was applied or run."
        )
    return text


def _check(node: yaml.Node | None) -> None:
    """Refuse aliases that make much of little, those that contain themselves, and tags that ask for objects."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(one: yaml.Node) -> int:
        if id(one) in open_nodes:
            raise DeclarationError(
                "A specification is data that ends, but got an alias that contains itself. Write it out."
            )
        if id(one) not in sizes:
            _check_tag(one)
            open_nodes.add(id(one))
            sizes[id(one)] = total = 1 + sum(map(size, _children(one)))
            open_nodes.discard(id(one))
            if total > MOST_NODES:
                raise _too_much()
        return sizes[id(one)]

    if node is not None:
        size(node)


def _check_tag(node: yaml.Node) -> None:
    if node.tag.removeprefix(_TAG) not in _PLAIN:
        raise yaml.constructor.ConstructorError(
            None, None, f"{node.tag!r} asks for an object, and only plain data are read", node.start_mark
        )


def _children(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _too_much() -> DeclarationError:
    return DeclarationError(
        f"A specification has {MOST_NODES:,} values at most, aliases counted wherever they stand, but got more. Write it out, or cut it."
    )
