"""Run of a file of Ray Tune: what it declares, as trees."""

from dataclasses import dataclass
from typing import Any

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.python_file import run

Tree = dict[str, Any]
"""One thing of a file: its kind, and its members, which are trees too."""
_NOTHING: Tree = {"kind": "dict", "named": {}}
_FIRST = {
    "TuneConfig": ("metric", "mode", "search_alg", "scheduler", "num_samples"),
    "RunConfig": ("name", "storage_path"),
    "FailureConfig": ("max_failures", "fail_fast"),
    "ConcurrencyLimiter": ("searcher", "max_concurrent"),
    "OptunaSearch": ("space", "metric", "mode"),
    "HyperOptSearch": ("space", "metric", "mode"),
    "BayesOptSearch": ("space", "metric", "mode"),
}
"""What the first arguments of some classes are called; those of others begin as a scheduler's do."""
_OF_SCHEDULERS = ("time_attr", "metric", "mode", "max_t", "grace_period", "reduction_factor")


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file declares."""

    param_space: Tree
    tune_config: Tree
    run_config: Tree
    function: str | None
    """What the trainable is called, where it is a function."""


def declared(text: str | bytes) -> Declared:
    """Run a file, and return what it declares."""
    found = run(text, "Ray Tune", "airflow_hpo.importers.ray.stand_in")
    space, tune, run_ = (found.get(name, _NOTHING) for name in ("param_space", "tune_config", "run_config"))
    return Declared(space, tune, run_, found["function"])


def fields_of(tree: Tree, path: str, findings: Findings) -> Fields:
    """Return the arguments of something that a file makes, those without a name by the name that they have."""
    if tree["kind"] == "dict":
        return Fields({name: plain(each) for name, each in tree["named"].items()}, path, findings)
    if tree["kind"] != "marker":
        if tree != {"kind": "constant", "value": None}:
            findings.refuse(path, f"It is made by a class of Ray, but got {said(tree)}. Leave it out.")
        return Fields(None, path, findings)
    known = _FIRST.get(tree["name"], _OF_SCHEDULERS)
    given = {**dict(zip(known, tree["items"])), **tree["named"]}
    return Fields({name: plain(each) for name, each in given.items()}, path, findings)


def plain(tree: Tree) -> Any:
    """Return a tree as plain data; what is none, as the tree."""
    match tree["kind"]:
        case "constant":
            return tree["value"]
        case "list":
            return [*map(plain, tree["items"])]
        case "tuple":
            return tuple(map(plain, tree["items"]))
        case "dict":
            return {name: plain(each) for name, each in tree["named"].items()}
    return tree


def is_tree(value: Any) -> bool:
    """Say whether a plain value is none: what a class of Ray, or a function, is."""
    return isinstance(value, dict) and value.get("kind") in ("marker", "object", "domain", "choice", "grid")


def said(value: Any) -> str:
    """Return a value as a message shows it."""
    if isinstance(value, dict) and "kind" in value:
        return str(value.get("name") or plain(value))
    return brief_repr(value)
