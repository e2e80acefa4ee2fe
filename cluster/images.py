"""Images without a registry: docker archives made of folders, one of them a small Debian with Python."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster import cache, dockerfiles, host, packages
from cluster.commands import run, say
from cluster.errors import ClusterError

SUITE = "bookworm"
INCLUDED = ("python3", "ca-certificates")
LEFT_OUT = (
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "dev",
)
"""Parts of the base system that a trial does not need; containers get a /dev of their own."""


@contextmanager
def archive(name: str, source: Path | None) -> Iterator[Path]:
    """Give a docker archive with one image for as long as the block runs.

    :param name: the name that pods use for the image.
    :param source: a docker archive to rename; or a folder with a Dockerfile, built on the base Python image; or another
        folder, laid over it; or nothing, for the base image itself.
    :raises ClusterError: when the source is neither.
    """
    cache.folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="image-", dir=cache.folder()) as work:
        target = Path(work, "image.tar")
        if source is None:
            write(target, name, [base_layer()], {"Cmd": ["python3"]})
        elif (source / "Dockerfile").is_file():
            base = Path(work, "base.tar")
            write(base, "base", [base_layer()], {"Cmd": ["python3"]})
            dockerfiles.build(name, source, base, Path(work, "buildah"), target)
        elif source.is_dir():
            added = Path(work, "added.tar")
            pack(source, added, as_root=True)
            write(target, name, [base_layer(), added], {"Cmd": ["python3"]})
        else:
            rename(source, name, target)
        yield target


def save(name: str, source: Path | None, output: Path) -> None:
    """Write an image to a file of its own: what `archive` gives, kept."""
    with archive(name, source) as made:
        shutil.move(made, output)


def write(target: Path, name: str, layers: list[Path], settings: dict[str, object]) -> None:
    """Write a docker archive.

    :param target: the file to write.
    :param name: the name of the image.
    :param layers: uncompressed tar files, lowest first.
    :param settings: the container configuration, such as `Cmd` and `Entrypoint`.
    """
    digests = [_sha256(layer) for layer in layers]
    environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    config = {
        "architecture": cache.architecture(),
        "os": "linux",
        "config": {"Env": environment, **settings},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        # Buildah builds no second image on one that does not say how many layers it has.
        "history": [{"created_by": "cluster image"} for _ in digests],
    }
    text = json.dumps(config).encode()
    config_name = f"{hashlib.sha256(text).hexdigest()}.json"
    names = [f"{digest}.tar" for digest in digests]
    with tarfile.open(target, "w") as tar:
        _add_bytes(tar, config_name, text)
        for layer, layer_name in dict(zip(layers, names, strict=True)).items():
            tar.add(layer, layer_name)
        _add_bytes(tar, "manifest.json", _manifest([{"Config": config_name, "Layers": names}], name))


def rename(source: Path, name: str, target: Path) -> None:
    """Copy a docker archive of one image under another name."""
    if not source.is_file():
        raise ClusterError(f"An image must come from a folder or a docker archive, but {source} is neither. Make it.")
    try:
        with tarfile.open(source) as old, tarfile.open(target, "w") as new:
            members = {member.name: member for member in old}
            entries = old.extractfile(members["manifest.json"])
            manifest = _manifest(json.load(entries) if entries else [], name)
            for member in members.values():
                if member.name not in ("manifest.json", "repositories"):
                    new.addfile(member, old.extractfile(member) if member.isreg() else None)
            _add_bytes(new, "manifest.json", manifest)
    except (tarfile.TarError, KeyError, ValueError) as err:
        raise ClusterError(
            f"An image must come from a docker archive of one image, but {source} is not one ({err}). "
            "Write it with `docker save IMAGE` or `buildah push IMAGE docker-archive:FILE`."
        ) from err


def pack(folder: Path, target: Path, as_root: bool = False) -> None:
    """Write the content of a folder as a layer.

    :param folder: the root of what the layer holds.
    :param target: the tar file to write.
    :param as_root: whether root owns everything in it, rather than who owns it here.
    """

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uname = member.gname = ""
        if as_root:
            member.uid = member.gid = 0
        return member

    with tarfile.open(target, "w") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name, filter=plain)


def pack_program(program: Path, target: Path) -> None:
    """Write one program as a layer that holds nothing else, in the root folder."""
    with tarfile.open(target, "w") as tar:
        tar.add(program, program.name)


def base_layer() -> Path:
    """Return the layer with Debian and Python, made unless the cache has it."""
    key = cache.fingerprint(["base", SUITE, *INCLUDED, *LEFT_OUT, cache.architecture()])
    return cache.made_once(key, _debootstrap) / "layer.tar"


def _debootstrap(target: Path) -> None:
    packages.ensure(("debootstrap",))
    say(f"making the base image from Debian {SUITE} packages (a minute or two)")
    root = target / "root"
    try:
        run("nice", "debootstrap", "--variant=minbase", f"--include={','.join(INCLUDED)}", SUITE, root)
    finally:
        host.unmount_below(target)
    for name in LEFT_OUT:
        run("rm", "-rf", "--one-file-system", root / name)
        (root / name).mkdir()
    pack(root, target / "layer.tar")
    run("rm", "-rf", "--one-file-system", root)


def _manifest(images: list[dict[str, object]], name: str) -> bytes:
    if len(images) != 1:
        raise ValueError(f"it holds {len(images)} images")
    return json.dumps(
        [{**images[0], "RepoTags": [name if ":" in name.rpartition("/")[2] else f"{name}:latest"]}]
    ).encode()


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
