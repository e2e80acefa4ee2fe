from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.core.space.completion import changes, completed, lacking_sentence
from airflow_hpo.core.space.space import Categorical, Float, Int, fits
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError

SPACE = {
    "margin": Float(0.0, 0.5),
    "model": Categorical(["forest", "net"]),
    "layers": Int(1, 4, when={"model": "net"}),
}


def study(**options: Any) -> Study:
    return Study(**{"name": "s", "objective": "cost", "space": SPACE, "max_trials": 9, **options})


def test_what_is_lacking_gets_its_default_and_the_rest_stays() -> None:
    found = completed(study().space, {"margin": 0.1}, {"model": "forest", "layers": 2})
    assert (found.params, found.added) == ({"margin": 0.1, "model": "forest"}, {"model": "forest"})
    assert fits(study().space, found.params)


def test_a_default_counts_only_where_the_condition_of_its_parameter_holds() -> None:
    found = completed(study().space, {"margin": 0.1, "model": "net"}, {"layers": 2})
    assert found.params == {"margin": 0.1, "model": "net", "layers": 2}


def test_what_the_space_does_not_have_is_left_out_and_said() -> None:
    found = completed(study().space, {"margin": 0.1, "model": "forest", "layers": 3, "old": 7}, {})
    assert (found.params, found.left_out) == ({"margin": 0.1, "model": "forest"}, {"layers": 3, "old": 7})
    assert list(changes("Version 3", found, study().space)) == [
        "Version 3 has layers=3, but its condition does not hold: it is compared without it.",
        "Version 3 has old=7, but the space has no such parameter: it is compared without it.",
    ]


def test_a_value_outside_a_narrowed_range_stays_and_is_said() -> None:
    found = completed(study().space, {"margin": 0.7, "model": "forest"}, {"margin": 0.2})
    assert (found.params["margin"], found.outside) == (0.7, {"margin": 0.7})
    (said,) = changes("Version 3", found, study().space)
    assert said.startswith("Version 3 has margin=0.7, outside Float(low=0.0, high=0.5): it is compared as it is")


def test_what_has_neither_a_value_nor_a_default_is_named_with_the_line_to_write() -> None:
    found = completed(study().space, {"model": "net"}, {})
    assert found.lacking == ("margin", "layers")
    assert lacking_sentence("version 3", found, study().space).endswith(
        "Write space_defaults={'margin': 0.0, 'layers': 1} in Study(...), with the value that production uses in its place."
    )


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        ({"margn": 0.1}, r"got 'margn', and it has margin, .*Did you mean 'margin'\?"),
        ({"zzz": 0.1}, r"Leave 'zzz' out\."),
        ({"margin": "0.1"}, r"Write space_defaults=\{'margin': 0\.0\}\."),
        ({"layers": True}, r"Write space_defaults=\{'layers': 1\}\."),
    ],
)
def test_a_default_is_a_value_of_a_parameter_of_the_space(defaults: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        study(space_defaults=defaults)


def test_a_default_may_lie_outside_the_space_as_what_production_does_without_a_parameter_often_does() -> None:
    given = study(space={"decay": Float(1e-5, 0.1, log=True)}, space_defaults={"decay": 0})
    found = completed(given.space, {}, given.space_defaults)
    assert (found.params, found.outside) == ({"decay": 0}, {"decay": 0})


def test_studies_without_defaults_keep_their_fingerprint_and_defaults_do_not_change_what_is_searched() -> None:
    assert "space_defaults" not in study().to_dict()
    given = study(space_defaults={"margin": 0.1})
    assert Study.from_yaml(given.to_yaml()) == given
    assert given.search_fingerprint == study().search_fingerprint
