"""Strikes one after the other, for victims that many trials share."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tests.chaos.kill_striking import Striker
from tests.chaos.strikes import Hold


class SerialStriker(Striker):
    """Lets processes wait for one strike at a time: two trials that the same process holds would die of one strike."""

    def plan(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._wait_for_next()

    def _strike_all(self, gates: Path) -> None:
        before = len(self.done)
        super()._strike_all(gates)
        if len(self.done) > before:
            self._wait_for_next()

    def _wait_for_next(self) -> None:
        i = len(self.done)
        holds = [asdict(Hold(str(i), self.strikes[i].step, self.strikes[i].subject))] if i < len(self.strikes) else []
        path = self.folder / f"{self.family}.json"
        path.with_suffix(".new").write_text(json.dumps(holds))
        path.with_suffix(".new").rename(path)
