"""Settings of a study that a person may change while it runs, and their bounds: what was laid out from its file."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.declared import nearest
from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.core.space.parameter import AnyParameter, Categorical
from airflow_hpo.core.space.space import Space, check_point
from airflow_hpo.core.space.typed import typed_values
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError

SETTINGS = ("max_trials", "parallelism", "timeout", "sampler")
_KEPT = (*SETTINGS, "batch_size", "space")
"""What stays changed when the start of the run is cleared; a batch is never larger than the parallelism."""
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
EXAMPLE = "parallelism=10, max_trials=80, timeout=12h or sampler=random"


def typed_settings(words: Iterable[str]) -> dict[str, Any]:
    """Return settings that a person typed: ``timeout=12h``, or ``timeout=none``."""
    return {name: typed_setting(name, text) for name, text in typed_values(words, EXAMPLE).items()}


def typed_setting(name: str, text: str) -> Any:
    """Return one setting that a person typed; what is none stays as it is, and is refused where it is taken."""
    if name == "timeout":
        return _typed_time(text)
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else text


def _typed_time(text: str) -> Any:
    found = _TIME.fullmatch(text.strip().lower())
    try:
        return timedelta(seconds=float(found[1]) * _UNITS[found[2]] if found else float(text))
    except (ValueError, OverflowError):
        return None if text.strip().lower() in ("", "none") else text


def changed(study: Study, file: Study, given: Mapping[str, Any]) -> Study:
    """Return a study with other settings, within what was laid out for the one of its file."""
    for name in given:
        if name not in SETTINGS:
            raise DeclarationError(
                f"A running study has other {', '.join(SETTINGS)}, but got {name!r}.{nearest(name, list(SETTINGS))} Type {EXAMPLE}."
            )
    # Its default follows from max_trials, and what runs at once was laid out.
    slots = {"parallelism": study.simulations_at_once} if "max_trials" in given else {}
    given = {**slots, **given} if given.get("max_trials") != study.max_trials else given
    most, asked = max(file.most_simulations, study.simulations_at_once), given.get("parallelism")
    if isinstance(asked, int) and asked > max(most, file.parallelism or 0):
        what = "simulations" if file.scenarios else "trials"
        raise DeclarationError(
            f"The tasks of {study.name!r} were laid out for {most} {what} at once, but got parallelism={asked}. Write "
            f"max_parallelism={asked} in its file, for runs that start then."
        )
    new = with_settings(study, given)
    if new.simulations_at_once < min(new.simulations, most):
        raise DeclarationError(
            f"All {new.simulations} simulations of a trial of {study.name!r} start together, but got parallelism={asked}. "
            f"Type parallelism={min(new.simulations, most)}."
        )
    return new


def carried(file: Study, earlier_file: Study, earlier: Study) -> Study:
    """Return a study that is opened again, with the settings of before, those apart that its file has changed since."""
    kept = _unlike(earlier_file, earlier, _KEPT)
    same = {name: new for name, (old, new) in kept.items() if getattr(file, name) == old}
    return with_settings(file, same) if same else file


def differences(file: Study, now: Study) -> dict[str, tuple[Any, Any]]:
    """Return in what settings differ, as declared and as they are now; what follows from others is none."""
    found = _unlike(file, now, SETTINGS)
    if file.simulations_at_once == now.simulations_at_once:
        # A parallelism that is pinned is that of the file.
        found.pop("parallelism", None)
    ranges = {f"range of {name}": (old, now.space[name]) for name, old in file.space.items() if name in now.space}
    return found | {name: pair for name, pair in ranges.items() if shown_setting(pair[0]) != shown_setting(pair[1])}


def _unlike(file: Study, now: Study, names: Iterable[str]) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (getattr(file, name), getattr(now, name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def shown_setting(value: Any) -> str:
    """Return a setting, or the range of a parameter, as people read it."""
    if isinstance(value, Sampler):
        return value.name
    if isinstance(value, Normal | LogNormal):
        return repr(value)
    if isinstance(value, AnyParameter):
        return ", ".join(map(str, value.choices)) if isinstance(value, Categorical) else f"{value.low} to {value.high}"
    return "none" if value is None else str(value)


def with_settings(study: Study, given: Mapping[str, Any]) -> Study:
    """Return a study with other settings; a batch is never larger than its parallelism, and start points lie in its space."""
    data = {**{name: getattr(study, name) for name in type(study).model_fields}, **given}
    parallelism, batch = data["parallelism"], data["batch_size"]
    if isinstance(parallelism, int) and batch:
        data["batch_size"] = min(batch, max(1, parallelism // study.simulations))
    if "space" in given:
        data["start_points"] = [point for point in study.start_points if _lies_in(given["space"], point)]
    return Study(**{name: value for name, value in data.items() if value is not None})


def _lies_in(space: Space, point: Mapping[str, Any]) -> bool:
    try:
        check_point(space, point)
    except DeclarationError:
        return False
    return True
