"""Run of a Hyperopt file: what it declares, as rows."""

from dataclasses import dataclass
from typing import Any

from airflow_hpo.importers.python_file import run

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file declares: rows that name each other by their place, and the arguments of fmin."""

    rows: list[Row]
    arguments: dict[str, int]
    function: str | None
    """What the objective is called, where the file has it."""

    def plain(self, place: int) -> Any:
        """Return a row as plain data; what is none, as the row."""
        row = self.rows[place]
        match row["kind"]:
            case "constant":
                return row["value"]
            case "list" | "tuple":
                return [self.plain(each) for each in row["items"]]
            case "dict":
                return {key: self.plain(each) for key, each in zip(row["keys"], row["items"])}
        return row


def declared(text: str | bytes) -> Declared:
    """Run a file, and return what it declares."""
    found = run(text, "Hyperopt", "airflow_hpo.importers.hyperopt.stand_in")
    return Declared(found["rows"], found["arguments"], found["function"])
