"""Texts of a specification as templates: what is to be filled in as expressions, and all else as Jinja leaves it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_OPENING = re.compile(r"\{(?=[{%#]|\s*trial\.)")
"""A brace that Jinja takes for its own, or that looks like a template of ours with one brace too few."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What Jinja fills in, such as ``trial.params.lr``."""

    text: str


_LAST_LINE_END = Expression(r"'\n'")
"""Jinja drops a last line's end that stands in the text itself."""
_RETURN = Expression(r"'\r'")


def of_parameter(name: str) -> Expression:
    """Return the expression of one parameter of a trial."""
    return Expression(f"trial.params.{name}" if name.isidentifier() and name.isascii() else f"trial.params[{name!r}]")


def template(pieces: Iterable[str | Expression]) -> str:
    """Return pieces as one template, of which every text reaches the program as it stands."""
    joined: list[str | Expression] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    if joined and isinstance(joined[-1], str) and joined[-1].endswith("\n"):
        joined[-1:] = [joined[-1][:-1], _LAST_LINE_END]
    whole = [part for piece in joined for part in _around_returns(piece)]
    return "".join(
        f"{{{{ {piece.text} }}}}" if isinstance(piece, Expression) else _literal(piece, place + 1 < len(whole))
        for place, piece in enumerate(whole)
    )


def _around_returns(piece: str | Expression) -> Iterator[str | Expression]:
    """Yield a text with its carriage returns as expressions: Jinja would make line ends of them."""
    texts: list[str | Expression] = [*piece.split("\r")] if isinstance(piece, str) else [piece]
    for place, each in enumerate(texts):
        if place:
            yield _RETURN
        yield each


def _literal(text: str, before_expression: bool) -> str:
    """Return a text that Jinja writes as it is; it would take a brace before an expression for a part of it."""
    opened = _OPENING.sub("{{ '{' }}", text)
    if before_expression and opened.endswith("{"):
        return f"{opened[:-1]}{{{{ '{{' }}}}"
    return opened
