"""A stand-in for a training program: gradient descent on a valley, a line of metrics for every epoch.

It needs nothing but Python and knows nothing of Airflow.
"""

import argparse
import time

parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, required=True)
parser.add_argument("--momentum", type=float, required=True)
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--seconds-per-epoch", type=float, default=0.1)
options = parser.parse_args()

x, y, speed_x, speed_y = -1.0, 1.5, 0.0, 0.0
for epoch in range(1, options.epochs + 1):
    slope_x = 2 * (x - 1) - 40 * x * (y - x * x)
    slope_y = 20 * (y - x * x)
    speed_x = options.momentum * speed_x - options.learning_rate * max(-50.0, min(50.0, slope_x))
    speed_y = options.momentum * speed_y - options.learning_rate * max(-50.0, min(50.0, slope_y))
    x, y = max(-3.0, min(3.0, x + speed_x)), max(-9.0, min(9.0, y + speed_y))
    loss = (1 - x) ** 2 + 10 * (y - x * x) ** 2
    print(f"epoch={epoch} loss={loss:.6f}", flush=True)  # noqa: T201
    time.sleep(options.seconds_per_epoch)
