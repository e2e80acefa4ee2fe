"""All parameters of a trial as arguments of a program, written once instead of one by one."""

import ast
import re
import shlex
from collections.abc import Mapping
from typing import Any, Self

from airflow_hpo.core.environment import as_text
from airflow_hpo.core.space.parameter import Choice
from airflow_hpo.exceptions import DeclarationError

_ALONE = re.compile(r"\s*\{\{-?\s*trial\.args(\.flag)?\s*(\(.*\))?\s*-?\}\}\s*", re.DOTALL)
_FORM = "--{name}={value}"


class Arguments(tuple[str, ...]):
    """The parameters of a trial as ``--name=value``, in the order of the space; called, in another form.

    As an element of a list it becomes as many elements as there are parameters; within a text it is quoted as a shell needs it.
    """

    _params: Mapping[str, Choice]

    def __new__(cls, params: Mapping[str, Choice], *forms: str) -> Self:
        """Make them of the active parameters, each in these forms."""
        made = super().__new__(cls, [_filled(form, n, v) for n, v in params.items() for form in forms or (_FORM,)])
        made._params = params
        return made

    def __call__(self, *forms: str) -> Self:
        """Return them in forms of the author's own, such as ``"-P", "{name}:{value}"``; ``{hyphens}`` is a name with hyphens."""
        return type(self)(self._params, *forms)

    def flag(self, name: str, form: str = "--{name}") -> Self:
        """Return one boolean parameter as a flag: an argument in the trials where it is true, and none in the others."""
        return type(self)({name: True} if self._params.get(name) is True else {}, form)

    def __str__(self) -> str:
        return shlex.join(self)


def expanded(content: Any, trial: Any) -> Any:
    """Return a list with a template for each argument where ``{{ trial.args }}`` stands alone; anything else as it is."""
    # The values do not stand in it themselves: a choice may contain ``{{``, or end like the name of a template\'s file.
    if trial is None or not isinstance(content, list | tuple):
        return content
    if not any(isinstance(part, str) and _ALONE.fullmatch(part) for part in content):
        return content
    return [each for part in content for each in _parts(part, trial)]


def _parts(part: Any, trial: Any) -> list[Any]:
    match = _ALONE.fullmatch(part) if isinstance(part, str) else None
    if match is None:
        return [part]
    named, call = match[1] or "", match[2] or ""
    made = trial.args.flag(*_forms(call)) if named else trial.args(*_forms(call or None))
    return [f"{{{{ trial.args{named}{call}[{index}] }}}}" for index in range(len(made))]


def _forms(call: str | None) -> tuple[str, ...]:
    if call is None:
        return ()
    try:
        given = ast.literal_eval(f"({call[1:-1]},)" if call[1:-1].strip() else "()")
    except (SyntaxError, ValueError):
        given = (None,)
    if not all(isinstance(form, str) for form in given):
        raise DeclarationError(
            f"The forms of trial.args are texts, but got {call}. Write trial.args('--{{name}}', '{{value}}')."
        )
    return tuple(given)


def _filled(form: str, name: str, value: Choice) -> str:
    known = {"name": name, "hyphens": name.replace("_", "-"), "value": as_text(value)}
    try:
        return re.sub(r"\{(\w+)\}", lambda match: known[match[1]], form)
    except KeyError as err:
        raise DeclarationError(
            f"A form of trial.args has {{name}}, {{hyphens}} and {{value}}, but got {{{err.args[0]}}} in {form!r}. "
            "Write trial.args('--{name}={value}')."
        ) from None
