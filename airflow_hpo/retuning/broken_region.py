"""Import error of a region's file: a DAG in place of the one that a mistake in the file prevents."""

import os
from pathlib import Path
from typing import Any, NoReturn, Self

from airflow.sdk import DAG

from airflow_hpo.core.names import id_form
from airflow_hpo.exceptions import DeclarationError


class BrokenRegion(DAG):
    """A DAG that Airflow cannot store, and says so under the name of the region's file.

    An import error under the name of the DAG's file would make the DAGs of all regions in it stale; an error of storing one DAG
    is kept under what the DAG says is its file. Nothing of it is stored, so that runs of the region wait as they are.
    """

    sentence: str
    file: str

    @classmethod
    def of(cls, sentence: str, path: Path, folder: str) -> Self:
        """Make one in the DAG file that is being read, which is in the given folder."""
        with cls(f"broken_{id_form(path.stem)}", schedule=None) as dag:
            dag.sentence, dag.file = sentence, os.path.relpath(path, folder)
        return dag

    @property
    def relative_fileloc(self) -> str:
        """Path of the region's file in the bundle."""
        return os.path.normpath(os.path.join(self._folder, self.file))

    @relative_fileloc.setter
    def relative_fileloc(self, path: str | None) -> None:
        """Take the path of the DAG's file, which is said when it has been read."""
        self._folder = os.path.dirname(path or "")

    def get_serialized_fields(self) -> NoReturn:  # type: ignore[override]
        """Refuse to be stored."""
        raise DeclarationError(self.sentence)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return itself: nothing of it changes."""
        return self
