"""Images by their digests."""

from __future__ import annotations

import pytest

from airflow_hpo.core.images import differ, digest_of, pinned, several_sentence

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("image", "digest"),
    [
        (f"docker.io/library/python@{OLD}", OLD),
        (f"docker-pullable://registry:5000/sim@{OLD}", OLD),
        (f"docker://{OLD}", OLD),
        (OLD, OLD),
        (f"sim:1.4@{OLD}", OLD),
        ("registry:5000/sim:1.4", None),
        ("", None),
        (None, None),
    ],
)
def test_the_digest_is_the_end_of_an_images_id(image: str | None, digest: str | None) -> None:
    assert digest_of(image) == digest


@pytest.mark.parametrize(("tag", "expected"), [(f"sim@{OLD}", True), ("sim:1.4", False), ("sim", False), (None, False)])
def test_an_image_that_is_named_by_its_digest_is_pinned(tag: str | None, expected: bool) -> None:
    assert pinned(tag) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (f"sim@{OLD}", f"sim@{NEW}", True),
        (OLD, NEW, True),
        (f"sim@{OLD}", f"mirror/sim@{OLD}", False),
        (f"sim@{OLD}", NEW, False),
        (f"sim@{OLD}", None, False),
        (None, None, False),
    ],
    ids=["digests", "loaded", "a mirror", "a registry's and a loaded one", "one unknown", "both unknown"],
)
def test_images_differ_where_digests_of_one_kind_do(one: str | None, other: str | None, expected: bool) -> None:
    assert differ(one, other) is expected
    assert differ(other, one) is expected


def test_a_study_under_two_images_says_how_many_trials_had_which() -> None:
    images = [f"sim@{OLD}", None, f"sim@{NEW}", f"sim@{OLD}"]
    assert several_sentence(images, "trials") == (
        "Trials ran under 2 images: sha256:aaaaaaaaaaaa (2 trials), sha256:bbbbbbbbbbbb (1)."
    )


@pytest.mark.parametrize("images", [[], [None], [f"sim@{OLD}"] * 2, [f"sim@{OLD}", NEW], [f"sim@{OLD}", None]])
def test_a_study_that_is_not_known_to_have_two_images_says_nothing(images: list[str | None]) -> None:
    assert several_sentence(images, "trials") is None
