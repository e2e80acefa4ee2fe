"""Plan how many bikes stand ready each day, and say what the plan would have cost.

It knows nothing of Airflow: parameters are options, the period comes as two dates, costs are printed as metrics. A plan for
a day uses only what was known before it; with ``--variant=climate`` that excludes the weather forecast.

Data: daily rentals of Capital Bikeshare in Washington, D.C., in 2011, summed up from the hourly Bike Sharing data set of
Fanaee-T and Gama (2013), UCI Machine Learning Repository, CC BY 4.0.
"""

import argparse
import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "bikes_2011.csv"
PRICE_OF_A_MISSING_BIKE = 3.0
PRICE_OF_AN_IDLE_BIKE = 1.0


@dataclass
class Day:
    """One day as it really was."""

    date: date
    temperature: float
    wet: float
    riders: int


class Planner:
    """Exponential smoothing of the level and of the weekdays, with a weather correction and a safety margin."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.level, self.weekday = 1000.0, [1.0] * 7
        self.usual_temperature = 0.0
        self.o = options

    def plan(self, day: Day) -> float:
        """Return how many bikes to have ready."""
        return self.level * self.weekday[day.date.weekday()] * self._weather(day) * (1 + self.o.margin)

    def learn(self, day: Day) -> None:
        """Take in what the day was like."""
        expected = self.weekday[day.date.weekday()] * self._weather(day)
        self.level += self.o.level_rate * (day.riders / expected - self.level)
        seen = day.riders / (self.level * self._weather(day))
        self.weekday[day.date.weekday()] += self.o.weekday_rate * (seen - self.weekday[day.date.weekday()])
        self.usual_temperature += 0.1 * (day.temperature - self.usual_temperature)

    def _weather(self, day: Day) -> float:
        if self.o.variant == "climate":
            return 1.0
        warmer = day.temperature - self.usual_temperature
        return max(0.2, 1 + self.o.per_degree * warmer) * (1 - self.o.rain * day.wet)


def main() -> None:
    """Print the mean cost of a day and the share of riders without a bike."""
    for name, value in planned(_options()).items():
        print(f"{name}={value:.5f}")


def planned(options: argparse.Namespace) -> dict[str, float]:
    """Plan every day of the period, and return the mean cost of a day and the share of riders without a bike."""
    planner = Planner(options)
    cost, missing, riders, days = 0.0, 0.0, 0, 0
    with DATA.open(newline="") as file:
        for row in csv.DictReader(file):
            day = Day(date.fromisoformat(row["date"]), float(row["temperature"]), float(row["wet"]), int(row["riders"]))
            if day.date >= options.end:
                break
            if day.date >= options.start:
                short = day.riders - planner.plan(day)
                cost += max(short, 0) * PRICE_OF_A_MISSING_BIKE + max(-short, 0) * PRICE_OF_AN_IDLE_BIKE
                missing, riders, days = missing + max(short, 0), riders + day.riders, days + 1
            planner.learn(day)
    if not days:
        raise SystemExit(f"No data between {options.start} and {options.end}: the data are of 2011.")
    return {"cost": cost / days, "unserved": missing / riders}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=_day, required=True, help="first day")
    parser.add_argument("--end", type=_day, required=True, help="day after the last")
    parser.add_argument("--variant", default="", help="'climate': without a weather forecast")
    parser.add_argument("--level-rate", type=float, default=0.3, help="how fast the level follows, 0 to 1")
    parser.add_argument("--weekday-rate", type=float, default=0.1, help="how fast the weekdays follow, 0 to 1")
    parser.add_argument("--per-degree", type=float, default=0.0, help="share of riders more for each degree warmer")
    parser.add_argument("--rain", type=float, default=0.0, help="share of riders who stay away on a day of rain")
    parser.add_argument("--margin", type=float, default=0.1, help="share of bikes more than expected riders")
    return parser.parse_args()


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


if __name__ == "__main__":
    main()
