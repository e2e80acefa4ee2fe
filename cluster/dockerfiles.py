"""Images from Dockerfiles, built by Buildah: no container engine, no registry, a base image made here."""

from __future__ import annotations

from pathlib import Path

from cluster import packages
from cluster.commands import run, say

BASE = "localhost/base:latest"


def build(name: str, context: Path, base: Path, work: Path, target: Path) -> None:
    """Build the Dockerfile of a folder on a base of ours, and write the image as a docker archive.

    :param name: the name that pods use for the image.
    :param context: the folder with the Dockerfile, which takes its base from the build argument `BASE`.
    :param base: docker archive of the image that stands in for the public base.
    :param work: an empty folder for Buildah's own files.
    :param target: the file to write.
    :raises ClusterError: when Buildah cannot be installed, or the build fails.
    """
    packages.ensure(("buildah",))
    say(f"building {name} from {context}/Dockerfile")
    buildah = ("buildah", "--root", work / "root", "--runroot", work / "run", "--storage-driver", "vfs")
    loaded = run(*buildah, "pull", "--quiet", f"docker-archive:{base}").strip()
    run(*buildah, "tag", loaded, BASE)
    options = ("--isolation", "chroot", "--pull-never", "--build-arg", f"BASE={BASE}")
    run(*buildah, "bud", *options, "--tag", name, context)
    run(*buildah, "push", "--quiet", name, f"docker-archive:{target}:{name}")
