"""Digits and signs in full width, as keyboards of East Asia write them: ``１２３．４`` is 123.4."""

import re

from airflow_hpo.core.names import one_spelling

_NARROW = str.maketrans("０１２３４５６７８９＋－．，％ｅＥ＝", "0123456789+-.,%eE=")
_VALUE = re.compile(r"[=＝:：]\s*[0-9０-９+＋\-－−.．][0-9０-９+＋\-－.．,，eｅEＥ%％]*")


def narrow(text: str) -> str:
    """Return the text of a number with digits and signs of ASCII."""
    return text if text.isascii() else text.translate(_NARROW)


def narrow_values(line: str) -> str:
    """Return a line in one spelling, with each value after ``=`` or ``:`` and this sign in ASCII; names stay as they are."""
    return line if line.isascii() else _VALUE.sub(lambda found: narrow(found[0]), one_spelling(line))
