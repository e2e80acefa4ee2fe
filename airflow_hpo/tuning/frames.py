"""Studies as pandas frames, for analysis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow_hpo.tuning.evaluating import evaluation_rows
from airflow_hpo.tuning.rows import trial_rows
from airflow_hpo.tuning.store import Store

if TYPE_CHECKING:
    import pandas as pd


def trials_frame(store: Store, name: str) -> pd.DataFrame:
    """Return the trials of an edition, one a row, indexed by number.

    :param store: the study database.
    :param name: the edition.
    """
    import pandas as pd

    frame = pd.DataFrame(trial_rows(store, name))
    return frame.set_index("number") if len(frame) else frame


def evaluations_frame(store: Store, names: Iterable[str]) -> pd.DataFrame:
    """Return the evaluations of some editions, one a row, as a comparison takes them; failed ones lack their metrics.

    :param store: the study database.
    :param names: editions that evaluate, such as the looks of one comparison.
    """
    import pandas as pd

    return pd.DataFrame([row for name in names for row in evaluation_rows(store, name)])
