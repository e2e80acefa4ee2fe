from __future__ import annotations

import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.optuna.rehearsal import rehearse
from airflow_hpo.optuna.sampler_folder import digest_of, files_of
from tests.unit.optuna.history import History

INIT = "from ._sampler import Halfway\n\n__all__ = ['Halfway']\n"
SOURCE = """
from optuna.samplers import RandomSampler

from .tools.shrink import shrunk


class Halfway(RandomSampler):
    def __init__(self, factor=0.5, seed=None):
        super().__init__(seed=seed)
        self._factor = factor

    def sample_independent(self, study, trial, param_name, param_distribution):
        return shrunk(super().sample_independent(study, trial, param_name, param_distribution), self._factor)
"""
TOOL = "def shrunk(value, factor):\n    return value * factor\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package in the form that OptunaHub gives them."""
    folder = tmp_path / "halfway"
    (folder / "tools").mkdir(parents=True)
    for path, text in {
        "README.md": "---\nauthor: A\ntitle: Halfway\n---\n",
        "LICENSE": "MIT\n",
        "__init__.py": INIT,
        "_sampler.py": SOURCE,
        "tools/__init__.py": "",
        "tools/shrink.py": TOOL,
        "example.py": "import optunahub\n\noptunahub.load_module('samplers/halfway')\n",
    }.items():
        (folder / path).write_text(text)
    return folder


def declared(folder: Path, digest: str | None = None, **options: object) -> Study:
    sampler = Sampler(f"{folder}:Halfway", digest=digest or digest_of(files_of(folder)), **options)
    return Study(name="demo", space={"x": Float(0, 1)}, objective="loss", max_trials=40, sampler=sampler)


def test_a_folder_is_imported_with_its_inner_modules_and_options(package: Path) -> None:
    study = declared(package, factor=0.25)
    rehearse(study)
    drafts = History(study).ask(*(f"0/{index}" for index in range(20)))
    assert max(draft.params["x"] for draft in drafts) <= 0.25


@pytest.mark.parametrize("path", ["tools/shrink.py", "README.md", "new.py"])
def test_a_folder_that_has_changed_is_not_imported(package: Path, path: str) -> None:
    study = declared(package)
    (package / path).write_text("raise SystemExit('was run')\n")
    with pytest.raises(DeclarationError, match="read what has changed and write digest='sha256:"):
        rehearse(study)


def test_what_lies_compiled_beside_the_source_is_never_run(package: Path) -> None:
    source = package / "tools/shrink.py"
    source.write_text("def shrunk(value, factor):\n    raise SystemExit('compiled code was run')\n")
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    source.write_text(TOOL + "# others\n")
    rehearse(declared(package))


def test_a_file_that_is_there_only_after_the_check_is_never_run(package: Path) -> None:
    (package / "__init__.py").write_text(
        "import pathlib\npathlib.Path(__file__).with_name('late.py').write_text('x = 1')\nfrom . import late\n"
    )
    with pytest.raises(DeclarationError, match="cannot import name 'late'"):
        rehearse(declared(package))


def test_a_folder_that_would_download_code_is_refused(package: Path) -> None:
    (package / "_sampler.py").write_text("import optunahub\n\nHalfway = optunahub.load_module('samplers/a').A\n")
    with pytest.raises(DeclarationError, match=r"downloads no code, but .*_sampler\.py calls optunahub\.load_module"):
        rehearse(declared(package))


@pytest.mark.parametrize(("there", "words"), [(True, "it has a.txt"), (False, "there is none, or it is empty")])
def test_a_folder_that_is_no_package_is_refused(tmp_path: Path, there: bool, words: str) -> None:
    if there:
        (tmp_path / "a.txt").write_text("a")
    with pytest.raises(DeclarationError, match=words):
        rehearse(declared(tmp_path, f"sha256:{'0' * 64}"))


def test_a_folder_that_lacks_a_library_says_which(package: Path) -> None:
    (package / "__init__.py").write_text("import no_such_library\n")
    with pytest.raises(DeclarationError, match=r"No module named 'no_such_library'\. Install what it needs there\."):
        rehearse(declared(package))


def test_the_digest_is_printed_for_a_folder(package: Path) -> None:
    command = [sys.executable, "-m", "airflow_hpo.optuna.sampler_folder", str(package)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == f"{digest_of(files_of(package))}\n"
