"""Name of a parameter of a specification that is data, as it can be had here."""

from collections.abc import Collection

from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.names import fitting


def named_here(each: Fields, name: str, taken: Collection[str]) -> str:
    """Return what a parameter is called here, and say so where that is another name."""
    here = fitting(name, taken)
    if here != name:
        each.findings.renamed(
            each.at("name"),
            f"{name!r} is {here!r} here: a name begins with a letter and differs from others as a variable of the environment.",
            f"study.space.{here}",
        )
    return here
