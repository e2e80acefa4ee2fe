"""Settings of a study that a person may change while it runs, and their bounds: what was laid out from its file."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.purge import age_of
from airflow_hpo.core.space.typed import typed_values
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError

SETTINGS = ("max_trials", "parallelism", "timeout", "sampler")
_KEPT = (*SETTINGS, "batch_size")
"""What stays changed when the start of the run is cleared; a batch is never larger than the parallelism."""
EXAMPLE = "parallelism=10, max_trials=80, timeout=12h or sampler=random"


def typed_settings(words: Iterable[str]) -> dict[str, Any]:
    """Return settings that a person typed: ``timeout=12h``, or ``timeout=none``."""
    return {name: _typed(name, text) for name, text in typed_values(words, EXAMPLE).items()}


def _typed(name: str, text: str) -> Any:
    if name == "timeout":
        if text.lower() == "none":
            return None
        try:
            return timedelta(seconds=float(text))
        except (ValueError, OverflowError):
            return age_of(text)
    try:
        return int(text)
    except ValueError:
        return text


def changed(study: Study, file: Study, given: Mapping[str, Any]) -> Study:
    """Return a study with other settings, within what was laid out for the one of its file."""
    for name in given:
        if name not in SETTINGS:
            raise DeclarationError(
                f"A running study has other {', '.join(SETTINGS)}, but got {name!r}. Type {EXAMPLE}."
            )
    # Its default follows from max_trials, and what runs at once was laid out.
    slots = {"parallelism": study.slots} if "max_trials" in given else {}
    new = _with(study, {**slots, **given} if given.get("max_trials") != study.max_trials else given)
    if new.slots > max(file.most_slots, study.slots):
        raise DeclarationError(
            f"The tasks of {study.name!r} were laid out for {file.most_slots} trials at once, but got "
            f"parallelism={new.slots}. Write max_parallelism={new.slots} in its file, for runs that start then."
        )
    return new


def carried(file: Study, earlier_file: Study, earlier: Study) -> Study:
    """Return a study that is opened again, with the settings of before, those apart that its file has changed since."""
    kept = _unlike(earlier_file, earlier, _KEPT)
    same = {name: new for name, (old, new) in kept.items() if getattr(file, name) == old}
    return _with(file, same) if same else file


def differences(file: Study, now: Study) -> dict[str, tuple[Any, Any]]:
    """Return in what settings differ, as declared and as they are now; what follows from others is none."""
    found = _unlike(file, now, SETTINGS)
    if file.slots == now.slots:
        # A parallelism that is pinned is that of the file.
        found.pop("parallelism", None)
    return found


def _unlike(file: Study, now: Study, names: Iterable[str]) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (getattr(file, name), getattr(now, name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def shown_setting(value: Any) -> str:
    """Return a setting as people read it."""
    if isinstance(value, Sampler):
        return value.name
    return "none" if value is None else str(value)


def _with(study: Study, given: Mapping[str, Any]) -> Study:
    data = {**{name: getattr(study, name) for name in type(study).model_fields}, **given}
    parallelism, batch = data["parallelism"], data["batch_size"]
    if isinstance(parallelism, int) and batch and batch > parallelism:
        data["batch_size"] = parallelism
    return Study(**{name: value for name, value in data.items() if value is not None})
