"""What the trials of the studies with constraints compute, and by which limits."""

from __future__ import annotations

TOGETHER = "x + y <= 1"
MOST = 0.4
PROGRAM = """
import os, time
x, y = float(os.environ["HPO_PARAM_X"]), float(os.environ["HPO_PARAM_Y"])
time.sleep(2)
print(f"loss={(x - 0.8) ** 2 + (y - 0.8) ** 2!r} m={x + (y - 0.5) ** 2!r}", flush=True)
"""


def loss(x: float, y: float) -> float:
    """The objective."""
    return (x - 0.8) ** 2 + (y - 0.8) ** 2


def metric(x: float, y: float) -> float:
    """The metric that has a limit."""
    return x + (y - 0.5) ** 2
