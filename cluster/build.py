"""The Kubernetes components and the pause program, built from Go modules."""

from __future__ import annotations

import re
from pathlib import Path

from cluster import cache
from cluster.commands import find, run, say
from cluster.errors import ClusterError

SOURCES = Path(__file__).parent / "kube"
FILES = ("go.mod", "go.sum", "main.go", "pause/main.go")
VERSION_PACKAGE = "k8s.io/component-base/version"
SPARE_COLLECTING = {"GOGC": "400", "GOMEMLIMIT": "4GiB"}
"""Lets Go's compiler collect garbage less often, which is a seventh of its work, as long as it takes less than this memory."""


def kubernetes_version() -> str:
    """Return the version of Kubernetes that go.mod asks for, such as `v1.36.3`."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\d+\.\d+\.\d+)$", (SOURCES / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ClusterError("`cluster/kube/go.mod` must require k8s.io/kubernetes, but does not. Restore the file.")
    return found[1]


def binaries() -> Path:
    """Return the folder of the programs `kube` and `pause`, built unless the cache has them."""
    key = cache.fingerprint([cache.architecture(), *_kube_flags()], [SOURCES / name for name in FILES])
    return cache.made_once(key, _build)


def _kube_flags() -> list[str]:
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".")
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    stamps = " ".join(f"-X {VERSION_PACKAGE}.{name}={value}" for name, value in values.items())
    return ["-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {stamps}"]


def _build(target: Path) -> None:
    if find("go") is None:
        raise ClusterError("Go 1.26 or newer must be on PATH to build Kubernetes, but there is no Go. Install it.")
    say(f"building Kubernetes {kubernetes_version()} (minutes when the Go build cache is cold)")
    go = ("nice", "go", "build")
    run(*go, "-trimpath", "-buildvcs=false", "-o", target / "pause", "./pause", cwd=SOURCES, env={"CGO_ENABLED": "0"})
    run(*go, *_kube_flags(), "-o", target / "kube", ".", cwd=SOURCES, env=SPARE_COLLECTING)
