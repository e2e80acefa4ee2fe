"""Names that fit here, for those of a specification that cannot be had."""

import re
from collections.abc import Collection

from airflow_hpo.core.environment import parameter_variable

_LONGEST = 128


def fitting(name: str, taken: Collection[str]) -> str:
    """Return a parameter's name: itself where it can be, else the nearest that can, also as an environment variable."""
    bare = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).lstrip("-._0123456789") if not _fits(name) else name
    bare = bare[:_LONGEST] or "x"
    variables = {parameter_variable(each) for each in taken}
    found, number = bare, 2
    while parameter_variable(found) in variables:
        found, number = f"{bare[: _LONGEST - 4]}_{number}", number + 1
    return found


def _fits(name: str) -> bool:
    return re.fullmatch(rf"(?!__)[A-Za-z_][A-Za-z0-9_.-]{{0,{_LONGEST - 1}}}", name) is not None
