"""Folder with a sampler, as packages of OptunaHub have it: its digest, and its import as it was when that was taken.

``python -m airflow_hpo.optuna.sampler_folder FOLDER`` prints the digest.
"""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from airflow_hpo.exceptions import DeclarationError


def files_of(folder: Path) -> dict[str, bytes]:
    """Return what lies in a folder, by path inside it; what Python has compiled is left out, and never imported."""
    try:
        found = sorted(each for each in folder.rglob("*") if each.is_file() and "__pycache__" not in each.parts)
        files = {each.relative_to(folder).as_posix(): each.read_bytes() for each in found}
    except OSError as err:
        raise DeclarationError(
            f"The folder of a sampler is readable where tasks run, but reading {folder} ended in {err}. Let tasks read it."
        ) from err
    if "__init__.py" not in files:
        what = f"it has {', '.join(list(files)[:5])}" if files else "there is none, or it is empty"
        raise DeclarationError(
            f"The folder of a sampler has an __init__.py, as packages of OptunaHub do, but {folder} has not: {what}. "
            "Put the package there, on every machine on which tasks run."
        )
    return files


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return a digest that changes with the name and the content of every file."""
    listed = "".join(f"{hashlib.sha256(content).hexdigest()} {path}\n" for path, content in sorted(files.items()))
    return f"sha256:{hashlib.sha256(listed.encode()).hexdigest()}"


def import_folder(folder: Path, digest: str) -> ModuleType:
    """Import a folder with the given digest, from the very bytes that were checked.

    :raises DeclarationError: when it has another digest, or would download code.
    """
    files = files_of(folder)
    found = digest_of(files)
    if found != digest:
        raise DeclarationError(
            f"The sampler in {folder} is imported as it was when its digest was taken, {digest}, but now it has {found}. "
            f"Restore it, or read what has changed and write digest={found!r}."
        )
    for path, content in files.items():
        if path.endswith(".py") and b"optunahub.load_module" in content and not path.endswith("example.py"):
            raise DeclarationError(
                f"A task downloads no code, but {folder / path} calls optunahub.load_module. "
                "Put the package that it loads into a folder of its own, and import it from there."
            )
    name = f"hpo_sampler_{digest.removeprefix('sha256:')[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    sys.meta_path.append(_Finder(name, folder, files))
    return import_module(name)


class _Finder(MetaPathFinder):
    """Finds the modules of one folder in what was read of it."""

    def __init__(self, name: str, folder: Path, files: Mapping[str, bytes]) -> None:
        self._name, self._folder, self._files = name, folder, files

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of the folder is loaded from; None for any other."""
        if fullname != self._name and not fullname.startswith(f"{self._name}."):
            return None
        stem = fullname.removeprefix(self._name).removeprefix(".").replace(".", "/")
        for file in (f"{stem}/__init__.py".removeprefix("/"), f"{stem}.py"):
            if file in self._files:
                place = self._folder / file
                loader = _Loader(str(place), self._files[file])
                # A package without a path: Python's own finder would look into the folder, which may have changed since.
                spec = ModuleSpec(fullname, loader, origin=str(place), is_package=place.name == "__init__.py")
                spec.has_location = True
                return spec
        return None


class _Loader(SourceLoader):
    """Loads one module from its source as it was read; what Python has compiled, and who else may have, is not asked."""

    def __init__(self, path: str, source: bytes) -> None:
        self._path, self._source = path, source

    def get_filename(self, fullname: str) -> str:
        """Return the module's file, for tracebacks."""
        return self._path

    def get_data(self, path: str | bytes) -> bytes:
        """Return the source; nothing else was checked."""
        if path != self._path:
            raise OSError(f"{path!r} was not checked")
        return self._source


if __name__ == "__main__":
    sys.stdout.write(digest_of(files_of(Path(sys.argv[1]))) + "\n")
