"""Studies as pandas frames, for analysis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow_hpo.tuning.drifting import drift_rows
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


def drift_frame(store: Store, study: str, limit: int = 100) -> pd.DataFrame:
    """Return how optimum and champion moved, one edition a row, indexed by the edition.

    :param store: the study database.
    :param study: the study's name.
    :param limit: how many of the newest editions at most, 1 or more.
    """
    import pandas as pd

    frame = pd.DataFrame(drift_rows(store, study, limit))
    return frame.set_index("edition") if len(frame) else frame
