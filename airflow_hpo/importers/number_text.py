"""Numbers that a specification has as texts, as objects of Kubernetes do."""

import re
from decimal import Decimal, InvalidOperation

from airflow_hpo.importers.fields import Fields

WHOLE = re.compile(r"[+-]?[0-9]+")


def number_of(fields: Fields, name: str, text: str, *, is_whole: bool) -> Decimal | None:
    """Return the number of a field; None where it is refused."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("nan")
    if is_whole and not WHOLE.fullmatch(text.strip()):
        fields.findings.refuse(fields.at(name), f'It is a whole number as text, but got {text!r}. Write {name}: "1".')
        return None
    if not number.is_finite():
        fields.findings.refuse(fields.at(name), f'It is a number as text, but got {text!r}. Write {name}: "0.1".')
        return None
    return number
