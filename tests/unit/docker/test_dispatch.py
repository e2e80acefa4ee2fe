"""The dispatch simulator of the trial image: its optimum lies where it is planted, and earns what is planted."""

from __future__ import annotations

import os
import random
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

APP = Path(__file__).parents[3] / "docker" / "trial" / "image" / "app"
DISPATCH = APP / "dispatch.py"
SIMULATOR = runpy.run_path(str(DISPATCH))
IN_USE: dict[str, float] = SIMULATOR["IN_USE"]
DAYS = [f"2026-0{month}-01/{day}" for month in range(1, 4) for day in ("monday", "friday", "sunday")]


def mean_revenue(region: str, gain: float, params: dict[str, float], noise: float = 0.0) -> float:
    """The mean over some days, seeds and the forecast of long experience."""
    days = [
        SIMULATOR["simulate"](region, day, gain, params, SIMULATOR["demand"](region, day, 0), seed, noise)
        for seed, day in enumerate(DAYS)
    ]
    return sum(day["revenue"] for day in days) / len(days)


@pytest.mark.parametrize("region", ["tokyo", "osaka"])
@pytest.mark.parametrize("gain", [0.0, 0.014, 0.05])
def test_the_optimum_earns_by_the_planted_share_more_than_the_parameters_in_use(region: str, gain: float) -> None:
    best = SIMULATOR["optimum"](region, gain)
    exact = mean_revenue(region, gain, best) / mean_revenue(region, gain, IN_USE) - 1
    assert exact == pytest.approx(gain, abs=1e-12)
    noise = SIMULATOR["NOISE"]
    noisy = mean_revenue(region, gain, best, noise) / mean_revenue(region, gain, IN_USE, noise) - 1
    assert noisy == pytest.approx(gain, abs=4 * noise * (2 / len(DAYS)) ** 0.5)


@pytest.mark.parametrize("gain", [0.0, 0.014, 0.05])
def test_no_other_parameters_earn_as_much_as_the_optimum(gain: float) -> None:
    luck, best = random.Random(1), SIMULATOR["optimum"]("tokyo", gain)
    top = mean_revenue("tokyo", gain, best)
    for _ in range(100):
        other = {name: luck.uniform(-0.5, 0.5) * SIMULATOR["WIDTH"][name] + IN_USE[name] for name in IN_USE}
        assert mean_revenue("tokyo", gain, other) < top
    assert all(abs(best[name] - IN_USE[name]) < SIMULATOR["WIDTH"][name] / 2 for name in IN_USE)


def test_regions_have_optima_and_days_of_their_own() -> None:
    assert SIMULATOR["optimum"]("tokyo", 0.014) != SIMULATOR["optimum"]("osaka", 0.014)
    assert len({SIMULATOR["demand"](region, day)[0] for region in ("tokyo", "osaka") for day in DAYS}) == 2 * len(DAYS)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of the stand-in for the model."""
    monkeypatch.syspath_prepend(str(APP))
    handler = runpy.run_path(str(APP / "forecast.py"))["Forecast"]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def run(forecast: str, **env: Any) -> subprocess.CompletedProcess[str]:
    """A day of the program with the parameters in use."""
    options = {"region": "tokyo", "start": "2026-01-01", "day": "monday", "forecast": forecast, "gain": 0.014, **IN_USE}
    command = [sys.executable, str(DISPATCH), *(f"--{name}={value}" for name, value in options.items())]
    text = {name: str(value) for name, value in env.items()}
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "HPO_SEED": "7", **text}, check=False
    )


def printed(forecast: str, **env: Any) -> dict[str, float]:
    """What a day prints."""
    done = run(forecast, **env)
    assert done.returncode == 0, done.stderr
    return {name: float(value) for name, _, value in (line.partition("=") for line in done.stdout.splitlines())}


def test_the_model_s_forecast_earns_more_than_statistics(model: str) -> None:
    by_model, by_statistics = printed("model", DISPATCH_MODEL=model), printed("statistics")
    assert by_model.keys() == by_statistics.keys() == {"revenue", "unserved", "wait_s"}
    assert by_model["revenue"] > by_statistics["revenue"]
    assert by_model["unserved"] < by_statistics["unserved"]


def test_a_model_that_does_not_answer_is_a_failure_and_not_the_statistics() -> None:
    done = run("model", DISPATCH_MODEL="http://127.0.0.1:9")
    assert done.returncode != 0
    assert "revenue" not in done.stdout


def test_a_share_of_tries_fails_when_it_is_told_so_and_the_same_ones_each_time() -> None:
    tries = [run("statistics", DISPATCH_FAILS=0.5, DISPATCH_TRY=number).returncode for number in range(8)]
    assert set(tries) == {0, 1}
    assert [run("statistics", DISPATCH_FAILS=0.5, DISPATCH_TRY=number).returncode for number in range(2)] == tries[:2]
