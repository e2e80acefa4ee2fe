from __future__ import annotations

import json
from datetime import UTC, datetime

from demo.places import IN_USE
from demo.year import DATES, SEASON_BEFORE, Retuning


def test_a_year_begins_with_the_demo_s_champion_and_has_data_for_all_its_windows() -> None:
    retuning = Retuning()
    assert retuning.tuning.period(SEASON_BEFORE).start >= datetime(2011, 1, 1, tzinfo=UTC)
    assert len(DATES) == 12
    assert DATES[-1] <= datetime(2012, 1, 1, tzinfo=UTC)
    champion = retuning.challenger(SEASON_BEFORE)
    assert {name: round(value, 3) for name, value in champion.items()} == json.loads(IN_USE.read_text())
    found = retuning.decide(DATES[0], champion)
    assert found.challenger != champion
    assert found.decision.evidence.pairs == 14  # Eight weeks, in pieces of four days.
