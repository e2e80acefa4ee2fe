"""Pairs of evaluations: the same scenarios, variants and replicates for every candidate.

The frame has one row per evaluation and the columns ``candidate``, ``scenario``, ``variant`` (may be left out),
``replicate`` (may be left out), ``failure_kind`` (may be left out) and one per metric. A failed evaluation is a row with a
metric that is missing or not finite, or no row at all; who failed, ``failure_kind`` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_hpo.comparison.decision import Dropped, Evidence, Failed, more_than
from airflow_hpo.comparison.missing import CELL, Missing, missing
from airflow_hpo.comparison.order import Order
from airflow_hpo.core.declared import nearest
from airflow_hpo.core.evaluation import FAILURE
from airflow_hpo.exceptions import DeclarationError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Complete evaluations."""

    means: pd.DataFrame
    """One row per candidate and scenario, the champion's and every judged challenger's, one column per metric.

    NaN where a challenger's own program failed, which its rule allows."""
    evidence: Evidence
    order: Order | None = None
    """Order of the scenarios in time; None where they are independent."""

    def of(self, candidate: str) -> pd.DataFrame:
        """Return one candidate's rows, one per scenario, in the same order for all."""
        return self.means[self.means.index.get_level_values("candidate") == candidate]


def checked(frame: pd.DataFrame, metrics: Sequence[str], champion: str | None) -> pd.DataFrame:
    """Return the frame with every column of the contract, keys as text and metrics as floats."""
    frame = frame.assign(**{name: "" for name in ("variant", "replicate", FAILURE) if name not in frame})
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
    frame = frame[[*keys, FAILURE, *metrics]].astype(
        {**dict.fromkeys([*keys, FAILURE], "str"), **dict.fromkeys(metrics, "float64")}
    )
    if champion is not None:
        _check_candidates(frame, champion)
    twice = frame[frame.duplicated(keys)]
    if len(twice):
        row = ", ".join(f"{name}={twice.iloc[0][name]!r}" for name in keys)
        raise DeclarationError(f"An evaluation counts once, but got {row} twice. Number the replicates.")
    return frame.reset_index(drop=True)


def pair(frame: pd.DataFrame, champion: str | None, max_dropped: float, max_failed: float = 0.0) -> Pairs:
    """Pair evaluations and average each scenario: over its replicates first, then over its variants."""
    import numpy as np
    import pandas as pd

    metrics = list(frame.columns[len(CELL) + 2 :])
    complete = pd.Series(np.isfinite(frame[metrics].to_numpy()).all(axis=1), index=frame.index)
    good, lost = frame[complete], missing(frame, complete, champion)
    scenarios, variants = sorted(set(frame["scenario"])), set(frame["variant"])
    failed = _failed(lost, max_failed, len(scenarios))
    losses = {each.candidate: set(each.scenarios) for each in failed if not each.barred}
    has = {
        name: _whole(good[good["candidate"] == name], variants) | losses.get(name, set())
        for name in sorted(set(frame["candidate"]))
    }
    poor = tuple(
        name
        for name in has
        if name != champion and more_than(len(scenarios) - len(has[name]), max_dropped, len(scenarios))
    )
    barred = {each.candidate for each in failed if each.barred}
    judged = [name for name in has if name not in {*poor, *barred}]
    good = good[good["candidate"].isin(judged)]
    used = _shared(good, judged, losses)
    kept = _whole(used, variants)
    used = used[used["scenario"].isin(kept)]
    cells = used.groupby(["candidate", "scenario", "variant"])[metrics]
    evidence = Evidence(
        pairs=len(kept),
        replicates=int(cells.size().min()) if len(used) else 0,
        evaluations_dropped=len(good) - len(used),
        dropped=tuple(
            Dropped(name, tuple(c for c in judged if name not in has[c]) or tuple(judged), lost.causes.get(name, ""))
            for name in scenarios
            if name not in kept
        ),
        not_judged=tuple(name for name in has if name not in judged),
        failed=failed,
        seed_ignored=bool(len(used)) and bool((cells.size() > 1).all() and cells.nunique().iloc[:, 0].eq(1).all()),
    )
    every = pd.MultiIndex.from_product([judged, sorted(kept)], names=["candidate", "scenario"])
    return Pairs(cells.mean().groupby(level=["candidate", "scenario"]).mean().reindex(every), evidence)


def _failed(lost: Missing, max_failed: float, scenarios: int) -> tuple[Failed, ...]:
    return tuple(
        Failed(name, tuple(sorted(those)), barred=more_than(len(those), max_failed, scenarios))
        for name, those in sorted(lost.own.items())
        if those
    )


def _shared(good: pd.DataFrame, judged: Sequence[str], losses: Mapping[str, Set[str]]) -> pd.DataFrame:
    """Return the evaluations that all have who do not lose their scenario."""
    theirs = zip(good["candidate"], good["scenario"])
    used = good.drop(index=[row for row, (name, day) in zip(good.index, theirs) if day in losses.get(name, ())])
    expected = used["scenario"].map(lambda day: sum(day not in losses.get(name, ()) for name in judged))
    return used[used.groupby(CELL)["candidate"].transform("size") == expected]


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
