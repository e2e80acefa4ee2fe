"""Names that carry numbers: keys of trials, task groups of batches, editions.

============== =====================================================================================================
``002/3``      a trial: index 3 of batch 2
``002/3#1``    a trial that runs trial 1 again, which was asked for by the key before ``#``
``d/g/002/3``  a trial of a study that task groups share: index 3 of batch 2 of group ``g`` in DAG ``d``
``batch_002``  the task group of batch 2
``f@r``        an edition: run ``r`` of the study family ``f``, and the name of its Optuna study
``f@r~2``      its second generation, which was computed afresh; ``f@r`` then means the newest one to people and tasks
``f@r#7``      trial 7 of an edition
``f/16w-8w@r``   one of several tuning windows: an edition of its own, of which ``f`` decides
``f/.simulations@r``  the companion of ``f@r``: its trials are the simulations of the trials of ``f@r``
============== =====================================================================================================
"""

import re

from airflow_hpo.exceptions import DeclarationError

BATCH_GROUP = "batch_{batch}"
"""The task group of a batch, as a template for :func:`task_in_batch`."""

SIMULATIONS = "/.simulations"
"""End of a companion's family."""

_KEY = re.compile(r"(?:([^/]+/[^/]*)/)?([0-9]+)/([0-9]+)(?:#|\Z)")
_OF_WINDOW = re.compile(r"/(\d+[wdhms])+-(\d+[wdhms])+\Z", re.ASCII)
_BATCH = re.compile(r"(?:\A|\.)batch_([0-9]+)(?=\.|\Z)")


def key_of(batch: int, index: int, sharer: str = "") -> str:
    """Return the key of a trial; a shared study's begins with the group that asks for it."""
    return f"{sharer}/{batch:03d}/{index}" if sharer else f"{batch:03d}/{index}"


def sharer_name(dag_id: str, group_id: str) -> str:
    """Return what the keys of one task group's trials begin with in a shared study; ids of Airflow have no slash."""
    return f"{dag_id}/{group_id}"


def sharer_of(key: str) -> str:
    """Return the task group that a trial of a shared study was asked for by; empty where the study is not shared."""
    named = _KEY.match(key)
    return (named[1] or "") if named else ""


def rerun_key(key: str, number: int) -> str:
    """Return the key of the trial that runs a trial again."""
    return f"{key}#{number}"


def first_key(key: str) -> str:
    """Return the key that a trial, or the one it runs again, was asked for by."""
    return key.partition("#")[0]


def batch_and_index(key: str) -> tuple[int, int]:
    """Return batch and index of the task that runs a trial; -1 for both when the key names none."""
    named = _KEY.match(key)
    return (int(named[2]), int(named[3])) if named else (-1, -1)


def task_in_batch(template: str, batch: int) -> str:
    """Return a task id, or a group id, with the number of its batch for ``{batch}``."""
    return template.format(batch=f"{batch:03d}")


def batch_of(task_id: str) -> int | None:
    """Return the batch that a task belongs to; None when it is in no batch."""
    found = _BATCH.findall(task_id)
    return int(found[-1]) if found else None


def group_of(task_id: str) -> str:
    """Return the task group of a study that one of its own tasks is in; empty for a task outside of any group."""
    parent = task_id.rpartition(".")[0]
    outer, _, last = parent.rpartition(".")
    return outer if _BATCH.fullmatch(last) else parent


def group_of_batches(template: str) -> str:
    """Return the task group of a study from the id of its trial task, in which ``{batch}`` stands for a number."""
    return template.rpartition(BATCH_GROUP)[0].removesuffix(".")


def telling_task(task_id: str) -> str:
    """Return the task that brings a trial's result, from the one that began it: of a trial that is a group they differ."""
    return task_id.removesuffix("open") + "outcome" if task_id.endswith(".trial.open") else task_id


def group_of_trial(task_id: str) -> str:
    """Return the group that is a trial, of one of its tasks; empty for a task that runs a trial alone."""
    batch, is_group, _ = task_id.rpartition(".trial.")
    return f"{batch}.trial" if is_group else ""


def edition_name(family: str, run: str) -> str:
    """Return the name of one run of a study family, which has no ``@`` in its name."""
    return f"{family}@{run}"


def generation_name(edition: str, generation: int) -> str:
    """Return the name of a generation of an edition, counted from 1; the first one has no number."""
    return edition if generation == 1 else f"{edition}~{generation}"


def family_and_run(edition: str) -> tuple[str, str]:
    """Return the study family and the run of an edition's first generation."""
    family, _, run = edition.partition("@")
    return family, run


def companion_of(edition: str) -> str:
    """Return the edition that has the simulations of an edition's trials as its trials."""
    family, run = family_and_run(edition)
    return edition_name(f"{family}{SIMULATIONS}", run)


def main_of(edition: str) -> str:
    """Return the edition that a companion simulates for, or the edition itself."""
    family, run = family_and_run(edition)
    return edition_name(family.removesuffix(SIMULATIONS), run)


def is_companion(edition: str) -> bool:
    """Say whether the trials of an edition are simulations of another one's."""
    return family_of(edition).endswith(SIMULATIONS)


def refuse_companion(family: str) -> None:
    """Refuse a study of a name that simulations of another one are kept under."""
    if family.endswith(SIMULATIONS):
        raise DeclarationError(
            f"A name that ends in {SIMULATIONS!r} is for the simulations of a study, but got {family!r}. "
            f"Write name={family.removesuffix(SIMULATIONS)!r}."
        )


def window_family(family: str, window: str) -> str:
    """Return the study of one of several tuning windows, by the window's name."""
    return f"{family}/{window}"


def without_window(name: str) -> str:
    """Return a study or an edition without the name of its tuning window: what all windows of a run have in common."""
    family, at, run = name.partition("@")
    return _OF_WINDOW.sub("", family) + at + run


def family_of(edition: str) -> str:
    """Return the study family of an edition."""
    return edition.partition("@")[0]


def names_edition(name: str) -> bool:
    """Say whether a name is an edition's and not only a family's."""
    return "@" in name


def trial_of(edition: str, number: int) -> str:
    """Return the name of a trial among those of all editions."""
    return f"{edition}#{number}"


def edition_and_number(trial: str) -> tuple[str, int]:
    """Return what such a name is made of."""
    edition, _, number = trial.rpartition("#")
    return edition, int(number)
