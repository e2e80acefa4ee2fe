"""Functions of the DAG that make of a trial's parameters the configuration that the trainable got from Ray Tune."""

from typing import Any

from airflow_hpo.importers.dag_file import IMPORTED_NAMES
from airflow_hpo.importers.expression import Code, assigned, flat, returned
from airflow_hpo.importers.ray.run import Tree
from airflow_hpo.importers.ray.space import Space

TAKEN = {*IMPORTED_NAMES, "Pruner", "config_of", "train", "study", "trial"}
"""Names that the DAG has for itself."""
_EMPTY = '''def trainable(config):
    """Return the metrics of a configuration, as for Ray Tune."""
    raise NotImplementedError("Put your trainable here; return its last metrics.")
'''
_TRAIN = '''def train(trial):
    """Return the metrics of a trial."""
    return TRAINABLE(config_of(trial.params))
'''


def code_of(tree: Tree, space: Space, trainable: str = "trainable", code: str = _EMPTY) -> str:
    """Return the functions, and the trial that calls them and a trainable, of which this is the code."""
    choices: list[str] = []
    value = _value(tree, space, "", choices)
    config = f'def config_of(params):\n    """Return the configuration that Ray Tune gave."""\n{"".join(choices)}{returned(value, 1)}'
    return "\n\n".join([code, config, _TRAIN.replace("TRAINABLE", trainable)])


def _value(tree: Tree, space: Space, path: str, choices: list[str]) -> Any:
    match tree["kind"]:
        case "constant":
            return tree["value"]
        case "dict":
            return {name: _value(each, space, f"{path}.{name}", choices) for name, each in tree["named"].items()}
        case "list" | "tuple":
            found = [_value(each, space, f"{path}.{number}", choices) for number, each in enumerate(tree["items"])]
            return found if tree["kind"] == "list" else tuple(found)
        case "grid" if len(tree["items"]) == 1:
            return _value(tree["items"][0], space, path, choices)
    own = path.removeprefix(".")
    asked = f"params[{flat(space.names[own])}]"
    if values := space.values.get(own):
        name = f"choices_{len(choices) + 1}"
        choices.append(assigned(name, values, 1))
        return Code(f"{name}[{asked}]")
    return Code(asked)
