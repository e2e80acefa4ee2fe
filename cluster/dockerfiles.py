"""Images from Dockerfiles, built by Buildah: no container engine, no registry, a base image made here."""

from __future__ import annotations

import re
from pathlib import Path

from cluster import packages
from cluster.commands import run, say
from cluster.errors import ClusterError

BASE = "localhost/base:latest"
STAGE = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)


def build(name: str, context: Path, base: Path, work: Path, target: Path) -> None:
    """Build the Dockerfile of a folder on a base of ours, and write the image as a docker archive.

    :param name: the name that pods use for the image.
    :param context: the folder with the Dockerfile, which takes its base from the build argument `BASE`.
    :param base: docker archive of the image that stands in for the public base.
    :param work: an empty folder for Buildah's own files.
    :param target: the file to write.
    :raises ClusterError: when it wants another base, when Buildah cannot be installed, or the build fails.
    """
    refuse_other_bases((context / "Dockerfile").read_text())
    packages.ensure(("buildah",))
    say(f"building {name} from {context}/Dockerfile")
    buildah = ("buildah", "--root", work / "root", "--runroot", work / "run", "--storage-driver", "vfs")
    loaded = run(*buildah, "pull", "--quiet", f"docker-archive:{base}").strip()
    run(*buildah, "tag", loaded, BASE)
    options = ("--isolation", "chroot", "--pull-never", "--build-arg", f"BASE={BASE}")
    run(*buildah, "bud", *options, "--tag", name, context)
    run(*buildah, "push", "--quiet", name, f"docker-archive:{target}:{name}")


def refuse_other_bases(dockerfile: str) -> None:
    """Refuse a base that only a registry has: none is asked here."""
    known = {"scratch", "$BASE", "${BASE}", BASE}
    for base, stage in STAGE.findall(dockerfile):
        if base not in known:
            raise ClusterError(
                f"A Dockerfile must begin with the image that is made here, since no registry is asked, but got "
                f"FROM {base}. Write ARG BASE={base} and then FROM ${{BASE}}."
            )
        known.add(stage)
