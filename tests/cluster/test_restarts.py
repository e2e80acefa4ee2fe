"""Many talkative trials under a triggerer that starts again and again: every value is as it was printed."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.trials_on_cluster import MakeTask, first_event, rebuilt

pytestmark = pytest.mark.cluster

BEST = 7
"""The step with the best value, which the first triggerer reads."""
PROGRAM = f"""
import sys, time
number, steps, pause = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
noise = ("x" * 299 + "\\n") * (150 if number % 10 == 0 else 20)
for step in range(1, steps + 1):
    print(f"step={{step}} loss={{number + abs(step - {BEST})}} average={{step}}", flush=True)
    sys.stdout.write(noise)
    time.sleep(pause)
"""
"""Each tenth prints seven times as much as the others."""


@pytest.fixture
def trials() -> int:
    """How many trials run at once."""
    return 4


@pytest.fixture
def tuned(trials: int, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An open edition in which all trials run at once."""
    from airflow_hpo.storage.database import Database
    from airflow_hpo.studies.store import Store
    from tests.integration.trial_tasks import Tuned, declared

    database = Database.sqlite(shutil.copy(tables, tmp_path / "hpo.db"))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    objective = {"metric": "loss", "strategy": "best", "extra_metrics": ["average"], "strategies": {"average": "mean"}}
    together = {"max_trials": trials, "parallelism": trials, "batch_size": trials}
    return Tuned(Store(database), declared(objective=objective, **together), uuid.uuid4().hex)


async def one_life(waiting: dict[int, Any], seconds: float) -> dict[int, Any]:
    """Watch every trial until the triggerer is ended, and return what was said until then."""
    watching = {number: asyncio.ensure_future(first_event(rebuilt(trigger))) for number, trigger in waiting.items()}
    done, left = await asyncio.wait(watching.values(), timeout=seconds)
    for each in left:
        each.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    return {number: each.result() for number, each in watching.items() if each in done}


@pytest.mark.parametrize(
    ("trials", "steps", "pause", "life"),
    [(4, 20, 0.25, 3.0), pytest.param(60, 120, 0.5, 20.0, marks=[pytest.mark.long, pytest.mark.timeout(1200)])],
)
def test_every_value_is_as_printed_however_often_the_triggerer_starts_again(
    task: MakeTask, trials: int, steps: int, pause: float, life: float
) -> None:
    made = [task(PROGRAM, arguments=["{{ trial.number }}", str(steps), str(pause)]) for _ in range(trials)]
    waiting = {trial.request.number or 0: trial.deferred() for trial in made}
    events: dict[int, Any] = {}
    while waiting:
        events |= asyncio.run(one_life(waiting, life))
        waiting = {number: trigger for number, trigger in waiting.items() if number not in events}
    for trial in made:
        number = trial.request.number or 0
        result = trial.resume(events[number])
        assert (result["state"], result["value"]) == ("complete", float(number))
        assert result["metrics"] == {"average": pytest.approx((steps + 1) / 2)}
        assert trial.series() == {step: float(number + abs(step - BEST)) for step in range(1, steps + 1)}
        assert trial.attempts()[-1].problems == ()
