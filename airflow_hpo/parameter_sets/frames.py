"""Promotions as pandas frames, for analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_hpo.parameter_sets.reading import promotion_rows

if TYPE_CHECKING:
    import pandas as pd

    from airflow_hpo.tuning.store import Store

COLUMNS = ["name", "from_version", "to_version", "action", "by", "reason", "key", "at"]


def promotions_frame(store: Store, name: str | None = None) -> pd.DataFrame:
    """Return how champions moved, one move a row, the newest first.

    :param store: the study database.
    :param name: only of this parameter set; None for all.
    """
    import pandas as pd

    frame = pd.DataFrame(promotion_rows(store, name), columns=COLUMNS)
    # The first version follows none: whole numbers that may be missing.
    return frame.astype({"from_version": "Int64"})
