"""A stand-in for a dispatch simulator: one day of a fleet of taxis, with an optimum that is planted.

It knows nothing of Airflow. A day's revenue is divided by 1 + CURVATURE * d * d, at the distance d from an optimum that earns --gain more.
"""

import argparse
import json
import math
import os
import random
import sys
import urllib.request

IN_USE = {"discount": 0.92, "turn_weight": 2.0, "max_wait_s": 480}
WIDTH = {"discount": 0.14, "turn_weight": 4.0, "max_wait_s": 840}
CURVATURE, FARE, NOISE = 0.1, 1800, 0.004


def optimum(region, gain):
    """Return the best parameters of a region."""
    luck, step = random.Random(region), math.sqrt(gain / CURVATURE / len(IN_USE))
    return {name: value + luck.choice((-1, 1)) * step * WIDTH[name] for name, value in IN_USE.items()}


def demand(region, day, spread=1.0):
    """Return the passengers of each hour; without a spread those of a day of long experience."""
    luck = random.Random(f"{region} {day}")
    busy = 1 + spread * luck.uniform(-0.2, 0.2)
    hours = [60 + 40 * math.sin((hour - 10) * math.pi / 12) for hour in range(24)]
    return [busy * usual * (1 + spread * luck.uniform(-0.1, 0.1)) for usual in hours]


def simulate(region, day, gain, params, forecast, seed=0, noise=NOISE):
    """Return a day's metrics: taxis wait where passengers were forecast, and parameters decide how many they reach."""
    best, passengers = optimum(region, gain), demand(region, day)
    loss = 1 + CURVATURE * sum(((params[name] - best[name]) / WIDTH[name]) ** 2 for name in best)
    common, own = random.Random(f"{seed} {day}"), random.Random(f"{seed} {day} {sorted(params.items())}")
    served = sum(map(min, passengers, forecast)) / loss * (1 + 5 * noise * common.gauss(0, 1) + noise * own.gauss(0, 1))
    share = served / sum(passengers)
    return {"revenue": FARE * served, "unserved": 1 - share, "wait_s": 60 + 0.4 * params["max_wait_s"] * (1.2 - share)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("region", "start", "day", "forecast"):
        parser.add_argument(f"--{option}", required=True)
    for option in ("gain", *IN_USE):
        parser.add_argument(f"--{option}", type=float, required=True)
    given = vars(parser.parse_args())
    day, seed = f"{given['start']}/{given['day']}", os.environ.get("HPO_SEED")
    params = {name: given[name] for name in IN_USE}
    luck = random.Random(f"{seed} {day} {given['forecast']} {params} {os.environ.get('DISPATCH_TRY')}")
    if luck.random() < float(os.environ.get("DISPATCH_FAILS", "0")):
        sys.exit("the simulator lost its database")
    expected = demand(given["region"], day, spread=0)
    if given["forecast"] == "model":
        url = f"{os.environ['DISPATCH_MODEL']}/{given['region']}/{day}"
        expected = json.load(urllib.request.urlopen(url, timeout=30))
    for name, value in simulate(given["region"], day, given["gain"], params, expected, seed).items():
        print(f"{name}={value:.6f}", flush=True)  # noqa: T201
