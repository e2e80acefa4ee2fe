"""Units after numbers that are passed over as long as all values of a metric have the same one."""

import re
from dataclasses import replace

from airflow_hpo.core.metrics.match import Match
from airflow_hpo.core.metrics.memory import Memory

_UNIT = re.compile(
    r"[ ]?(?P<unit>[$€£¥¢]|°[CF]?|[kKMm]?(?:EUR|USD|GBP|JPY|CHF|CNY|KRW|INR|€|\$)|[Cc]ents?|ct|[Ee]uros?|[Dd]ollars?|dB\w{0,2}|"
    r"bits?|nats?|pp[mbt]?|bps?|pts?|points?|[Dd]eg(?:rees?)?|rad(?:ians?)?|Kelvin|Celsius|Fahrenheit)(?![\w./@-]*\s*[=:])(?!\w)"
)


WHY = "its unit is"


class Units(Memory):
    """Doubts a value of which the unit is another one than that of the values before: ``99 cents``, then ``1.20 EUR``."""

    remembered = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def judged(self, line: str, found: Match) -> Match:
        """Return what was found, without its value when its unit is a second one."""
        beside = None if found.value is None else _UNIT.match(line, found.span[1])
        if not beside:
            return found
        unit = beside["unit"]
        known = self._known.setdefault(found.name, unit)
        if unit.removesuffix("s") == known.removesuffix("s"):
            return found
        return replace(found, value=None, why=f"{WHY} {unit!r}, and {known!r} in lines before")
