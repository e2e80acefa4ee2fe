"""Names of the branches of a choice, which is made among things that are no plain values."""

from collections.abc import Sequence

from airflow_hpo.importers.hyperopt.run import Declared

_LONGEST = 40


def names_of(declared: Declared, items: Sequence[int]) -> list[str]:
    """Return a text for each branch: a text by which its mapping differs from the others, or what it is, or its number."""
    found = [_name(declared, each) for each in items]
    if len({*found}) == len(found) and all(0 < len(each) <= _LONGEST for each in found):
        return found
    return [str(number) for number in range(len(items))]


def _name(declared: Declared, place: int) -> str:
    row = declared.rows[place]
    if row["kind"] == "constant":
        return str(row["value"])
    if row["kind"] == "dict":
        inner = (declared.rows[each] for each in row["items"])
        return next((each["value"] for each in inner if isinstance(each.get("value"), str)), "")
    if row["kind"] in ("list", "tuple"):
        is_plain = all(declared.rows[each]["kind"] == "constant" for each in row["items"])
        return str(declared.plain(place)) if is_plain else ""
    return str(row.get("name", ""))
