"""Dockerfiles that can be built where no registry is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.dockerfiles import refuse_other_bases
from cluster.errors import ClusterError

DOCKER = Path(__file__).parents[2] / "docker"


@pytest.mark.parametrize("name", ["trial", "airflow"])
def test_our_own_begin_with_the_base_that_is_made_here(name: str) -> None:
    refuse_other_bases((DOCKER / name / "Dockerfile").read_text())


def test_a_stage_may_be_the_base_of_another() -> None:
    refuse_other_bases("ARG BASE=x\nFROM --platform=linux/amd64 $BASE as made\nFROM made\nFROM scratch\n")


@pytest.mark.parametrize("line", ["FROM python:3.12-slim", "from --platform=linux/amd64 python:3.12-slim AS made"])
def test_a_base_of_a_registry_is_refused_with_the_two_lines_to_write(line: str) -> None:
    message = r"FROM python:3.12-slim. Write ARG BASE=python:3.12-slim and then FROM \$\{BASE\}"
    with pytest.raises(ClusterError, match=message):
        refuse_other_bases(f"{line}\nRUN true\n")
