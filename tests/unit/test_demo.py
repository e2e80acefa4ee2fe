from __future__ import annotations

from datetime import UTC, datetime

from demo.year import DATES, SEASON_BEFORE, Retuning


def test_a_year_s_decisions_have_data_for_all_their_windows_and_a_challenger_of_their_own() -> None:
    retuning = Retuning()
    assert retuning.tuning.period(SEASON_BEFORE).start >= datetime(2011, 1, 1, tzinfo=UTC)
    assert len(DATES) == 12
    assert DATES[-1] <= datetime(2012, 1, 1, tzinfo=UTC)
    champion = retuning.challenger(SEASON_BEFORE)
    found = retuning.decide(DATES[0], champion)
    assert found.challenger != champion
    assert found.decision.evidence.pairs == 8
