"""The declared error is kept when results are missing or repeated: ``python -m benchmarks.evidence_error_rates`` in short."""

from __future__ import annotations

import math

import pytest

from benchmarks.evidence_error_rates import ALPHA, CASES, UNBOUND, simulate

REPETITIONS = 40
LIMIT = ALPHA + 4 * math.sqrt(ALPHA * (1 - ALPHA) / REPETITIONS)


@pytest.mark.parametrize("case", [name for name in CASES if name != UNBOUND])
def test_a_like_challenger_is_not_promoted_for_what_is_missing_or_repeated(case: str) -> None:
    assert simulate(CASES[case], 10, REPETITIONS).decided <= LIMIT


def test_taken_at_face_value_failures_and_repetitions_promote_far_too_often() -> None:
    for case in ("the challenger's program fails in its worst 20 %", "no use of scenario and seed: one value each"):
        found = simulate(CASES[case], 30, REPETITIONS)
        assert found.taken > 4 * ALPHA
        assert found.decided == 0
