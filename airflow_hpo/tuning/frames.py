"""Studies as pandas frames, for analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
