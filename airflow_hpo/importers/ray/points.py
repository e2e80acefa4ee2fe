"""Points of a search algorithm that are tried first, as start points."""

from typing import Any

from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.ray.run import is_tree, said
from airflow_hpo.importers.ray.space import Space


def start_points(given: Fields, space: Space) -> list[dict[str, Any]]:
    """Return the points, by the names here; constants among them are left out."""
    points = given.raw("points_to_evaluate")
    if points is None:
        return []
    path = given.at("points_to_evaluate")
    if not isinstance(points, list) or not all(isinstance(each, dict) and not is_tree(each) for each in points):
        given.findings.refuse(path, f"It is a list of configurations, but got {said(points)}. Write [{{'lr': 0.01}}].")
        return []
    return [_point(each, space) for each in points]


def _point(point: dict[str, Any], space: Space) -> dict[str, Any]:
    found = {}
    for path, name in space.names.items():
        value = _at(point, path)
        if value is not None:
            found[name] = next((key for key, each in space.values.get(path, {}).items() if each == value), value)
    return found


def _at(point: Any, path: str) -> Any:
    """Return what a point has at a path, which may be one name with slashes or dots, as Ray flattens it."""
    for name in (path, path.replace(".", "/")):
        if isinstance(point, dict) and name in point:
            return point[name]
    for name in path.split("."):
        if isinstance(point, list | tuple):
            point = point[int(name)] if name.isdigit() and int(name) < len(point) else None
        else:
            point = point.get(name) if isinstance(point, dict) else None
    return point
