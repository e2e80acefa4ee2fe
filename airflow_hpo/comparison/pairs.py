"""Pairs of evaluations: the same scenarios, variants and replicates for every candidate.

The frame has one row per evaluation and the columns ``candidate``, ``scenario``, ``variant`` (may be left out),
``replicate`` (may be left out) and one per metric. A failed evaluation is a row with a metric that is missing or not finite, or
no row at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_hpo.comparison.decision import Dropped, Evidence
from airflow_hpo.core.declared import nearest
from airflow_hpo.exceptions import DeclarationError

if TYPE_CHECKING:
    import pandas as pd

CELL = ["scenario", "variant", "replicate"]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Complete evaluations."""

    means: pd.DataFrame
    """One row per candidate and scenario, the champion's and every judged challenger's, one column per metric."""
    evidence: Evidence

    def of(self, candidate: str) -> pd.DataFrame:
        """Return one candidate's rows, one per scenario, in the same order for all."""
        return self.means[self.means.index.get_level_values("candidate") == candidate]


def checked(frame: pd.DataFrame, metrics: Sequence[str], champion: str | None) -> pd.DataFrame:
    """Return the frame with every column of the contract, keys as text and metrics as floats."""
    frame = frame.assign(**{name: "" for name in ("variant", "replicate") if name not in frame})
    keys = ["candidate", *CELL]
    for name in (*keys, *metrics):
        if name not in frame:
            known = [str(column) for column in frame.columns]
            hint = nearest(name, known) or f" It has {', '.join(known)}."
            raise DeclarationError(f"Evaluations need the column {name!r}, which the frame lacks.{hint}")
    if frame[keys].isna().to_numpy().any():
        raise DeclarationError(
            f"Every evaluation names its candidate and scenario, but {int(frame[keys].isna().any(axis=1).sum())} rows "
            f"lack one of {', '.join(keys)}. Fill them."
        )
    _check_numbers(frame, metrics)
    frame = frame[[*keys, *metrics]].astype({**dict.fromkeys(keys, "str"), **dict.fromkeys(metrics, "float64")})
    if champion is not None:
        _check_candidates(frame, champion)
    twice = frame[frame.duplicated(keys)]
    if len(twice):
        row = ", ".join(f"{name}={twice.iloc[0][name]!r}" for name in keys)
        raise DeclarationError(f"An evaluation counts once, but got {row} twice. Number the replicates.")
    return frame


def pair(frame: pd.DataFrame, champion: str | None, max_dropped: float) -> Pairs:
    """Pair evaluations and average each scenario: over its replicates first, then over its variants."""
    import numpy as np

    metrics = list(frame.columns[len(CELL) + 1 :])
    good = frame[np.isfinite(frame[metrics].to_numpy()).all(axis=1)]
    scenarios, variants = sorted(set(frame["scenario"])), set(frame["variant"])
    has = {name: _whole(good[good["candidate"] == name], variants) for name in sorted(set(frame["candidate"]))}
    allowed = max_dropped * len(scenarios)
    poor = tuple(name for name in has if name != champion and len(scenarios) - len(has[name]) > allowed)
    judged = [name for name in has if name not in poor]
    used = good[good["candidate"].isin(judged)]
    used = used[used.groupby(CELL)["candidate"].transform("size") == len(judged)]
    kept = _whole(used, variants)
    used = used[used["scenario"].isin(kept)]
    dropped = tuple(
        Dropped(name, tuple(c for c in judged if name not in has[c]) or tuple(judged))
        for name in scenarios
        if name not in kept
    )
    cells = used.groupby(["candidate", "scenario", "variant"])[metrics]
    evidence = Evidence(
        pairs=len(kept),
        replicates=int(cells.size().min()) if len(used) else 0,
        evaluations_dropped=len(good[good["candidate"].isin(judged)]) - len(used),
        dropped=dropped,
        not_judged=poor,
    )
    return Pairs(cells.mean().groupby(level=["candidate", "scenario"]).mean(), evidence)


def _whole(rows: pd.DataFrame, variants: set[str]) -> set[str]:
    """Return the scenarios that have every variant."""
    counts = rows.groupby("scenario")["variant"].nunique()
    return set(counts[counts == len(variants)].index)


def _check_numbers(frame: pd.DataFrame, metrics: Sequence[str]) -> None:
    import pandas as pd

    for name in metrics:
        if not pd.api.types.is_numeric_dtype(frame[name]) and not frame[name].isna().all():
            raise DeclarationError(
                f"A metric's column holds numbers, but {name!r} holds {frame[name].dtype}. Convert it to floats."
            )


def _check_candidates(frame: pd.DataFrame, champion: str) -> None:
    candidates = sorted(set(frame["candidate"]))
    if champion not in candidates:
        hint = nearest(champion, candidates) or " Evaluate it on the same scenarios."
        raise DeclarationError(
            f"A comparison needs evaluations of the champion, but got {champion!r} and {candidates}.{hint}"
        )
    if len(candidates) < 2:
        raise DeclarationError(
            f"A comparison needs a challenger, but only {champion!r} was evaluated. Evaluate one on the same scenarios."
        )
