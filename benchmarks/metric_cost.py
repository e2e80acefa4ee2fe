"""What reading metrics costs, as a ratio to the cheapest thing that could be done with a line: one search by ``re``."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import MetricSource, Stdout
from airflow_hpo.core.objective import Objective

LINES = 20_000
ROUNDS = 5
OBJECTIVE = Objective("loss", extra_metrics=["acc"])
TEXT = "2026-11-29 12:00:00 INFO epoch done, loss=0.123456 acc=0.91 step={}\n"
CASES: dict[str, tuple[MetricSource, str]] = {
    "default filter": (Stdout(), TEXT),
    "default filter, no metric": (Stdout(), "2026-11-29 12:00:00 INFO nothing of interest here {}\n"),
    "own filter": (Stdout(filter=r"(?P<name>\w+)=(?P<value>\S+)"), TEXT),
    "filter by metric": (Stdout(filter={"loss": r"loss=(\S+)", "acc": r"acc=(\S+)"}), TEXT),
    "filter with lookbehind": (Stdout(filter=r"(?<!-)(?P<name>\b\w+)=(?P<value>\S+)"), TEXT),
    "filter of half numbers": (Stdout(filter={"loss": r"loss=(\d+)"}), TEXT),
    "json": (Stdout(format="json"), '{{"loss": 0.123456, "acc": 0.91, "step": {}}}\n'),
    "keras": (Stdout(format="keras"), "32/32 - 1s - 5ms/step - loss: 0.12345 - acc: 0.91 - n: {}\n"),
    "coloured": (Stdout(), "\x1b[32mloss=0.123456\x1b[0m acc=0.91 step={}\n"),
}
_SEARCH = re.compile(r"(\w+)=(\S+)")


def main() -> None:
    """Print lines a second and the ratio for each case."""
    base = _best(lambda: [_SEARCH.findall(TEXT.format(number)) for number in range(LINES)])
    print(f"{'':28}{'lines/s':>10}{'of a bare search':>18}")
    for name, (source, text) in CASES.items():
        data = "".join(text.format(number) for number in range(LINES)).encode()
        took = _best(partial(_read, source, data))
        print(f"{name:28}{LINES / took:>10,.0f}{took / base:>17.1f}x")


def _read(source: MetricSource, data: bytes) -> None:
    Collector(source, OBJECTIVE).feed(data)


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


if __name__ == "__main__":
    main()
