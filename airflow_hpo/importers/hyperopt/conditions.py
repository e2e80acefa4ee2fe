"""Conditions of parameters: the branches of choices in which each stands, as one condition."""

from collections.abc import Mapping

Branches = dict[int, set[int]]
"""By choice, the numbers of its branches; any of them is enough."""


def condition_of(place: int, edges: Mapping[int, Branches], counts: Mapping[int, int], root: int) -> Branches:
    """Return when a parameter exists: in branches of a choice, of several in those of any, or always ({})."""
    left = {choice: set(numbers) for choice, numbers in edges[place].items()}
    while True:
        if root in left:
            return {}
        whole = next((each for each in left if len(left[each]) == counts[each]), None)
        if whole is not None:  # whatever is chosen: it exists when the choice itself does
            del left[whole]
            for choice, numbers in edges[whole].items():
                left.setdefault(choice, set()).update(numbers)
            continue
        implied = next((each for each in left if _is_implied(edges[each], left, each)), None)
        if implied is None:
            return left
        del left[implied]


def _is_implied(above: Branches, left: Branches, choice: int) -> bool:
    """Say whether a choice exists only where the parameter exists for another reason."""
    return all(each != choice and numbers <= left.get(each, set()) for each, numbers in above.items())
