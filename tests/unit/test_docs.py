"""The README, the pages in docs/ and the examples in docstrings do what they say."""

from __future__ import annotations

import importlib.util
import inspect
import pkgutil
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from airflow.cli.cli_config import GroupCommand
from airflow.sdk import DAG

import airflow_hpo
from airflow_hpo.cli.commands import get_cli_commands
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.pruner_options import PRUNERS
from airflow_hpo.core.sampler_options import SAMPLERS
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.core.window import Period
from airflow_hpo.provider_info import get_provider_info

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PACKAGE = ROOT / "airflow_hpo"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(.*)\n((?:(?!```).*\n)*)```$", re.MULTILINE)
TITLED = re.compile(r'^```\{ \.py title="([\w.]+)" \}\n(.*?)^```', re.MULTILINE | re.DOTALL)
PARSED = re.compile(r"^```\{ \.py[^}]*\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
TRANSLATED = sorted(DOCS.rglob("*.ja.md")) + sorted(DOCS.rglob("*.ko.md"))
EXAMPLE = re.compile(r"^Example::\n\n((?:(?:    .*)?\n)*(?:    .*)?)", re.MULTILINE)
OPTION = re.compile(r"\[hpo\] (\w+)")
SHELL = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPTIONS = get_provider_info()["config"]["hpo"]["options"]
NAMES = [name for name in airflow_hpo.__all__ if name != "__version__"]


def named(paths: list[Path]) -> list[Any]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOKS = imported(DOCS / "hooks.py")


def commands(group: GroupCommand, prefix: str) -> Iterator[str]:
    for each in group.subcommands:
        yield from (
            commands(each, f"{prefix} {each.name}") if isinstance(each, GroupCommand) else [f"{prefix} {each.name}"]
        )


COMMANDS = sorted(name for group in get_cli_commands() for name in commands(group, "airflow hpo"))


@pytest.mark.parametrize("page", named([page for page in PAGES if BLOCK.search(page.read_text())]))
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = page.read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "page"}
    for block in BLOCK.finditer(text):
        # Empty lines in front make the line of an error that of the page.
        code = "\n" * text.count("\n", 0, block.start(1)) + block[1]
        exec(compile(code, str(page), "exec"), names)


@pytest.mark.parametrize("page", named([page for page in PAGES if PARSED.search(page.read_text())]))
def test_the_python_that_a_page_only_shows_can_be_parsed(page: Path) -> None:
    for code in PARSED.findall(page.read_text(encoding="utf-8")):
        if not code.startswith("--8<--"):
            compile(code, str(page), "exec")


@pytest.mark.parametrize("page", named([page for page in PAGES if TITLED.search(page.read_text())]))
def test_a_program_on_a_page_takes_the_parameters_of_its_study_and_prints_its_metric(
    page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = page.read_text(encoding="utf-8")
    ((name, code),) = TITLED.findall(text)
    names: dict[str, Any] = {"__name__": "page"}
    for block in BLOCK.findall(text):
        exec(block, names)
    (tmp_path / name).write_text(code)
    study = names["study"]
    request = TrialRequest(
        study="s@1", key="001/1", number=1, params={each: parameter.low for each, parameter in study.space.items()}
    )
    options = str(TrialView(request).args).split()
    assert len(options) == len(study.space)
    done = subprocess.run(
        [sys.executable, str(tmp_path / name), *options], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert re.fullmatch(rf"{study.objective.metric}=\d+\.\d+\n", done.stdout)


def test_the_start_pages_exist_in_japanese_and_korean() -> None:
    assert {page.name for page in TRANSLATED} >= {"from_script.ja.md", "from_script.ko.md"}


@pytest.mark.parametrize("page", named(TRANSLATED))
def test_a_translated_page_has_the_blocks_and_the_headings_of_the_english_one(page: Path) -> None:
    english = page.with_name(page.name.rsplit(".", 2)[0] + ".md").read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    assert FENCE.findall(text) == FENCE.findall(english)
    assert re.findall(r"^#+", text, re.MULTILINE) == re.findall(r"^#+", english, re.MULTILINE)


def test_the_resources_of_a_pod_grow_with_a_parameter_as_the_page_says() -> None:
    from tests.unit.operators.test_pod import container

    names: dict[str, Any] = {"__name__": "page"}
    for block in BLOCK.findall((DOCS / "tune" / "pods.md").read_text(encoding="utf-8")):
        exec(block, names)
    arguments = {"image": "t:1", "container_resources": names["sized"].arguments["container_resources"]}
    asked = [
        container(request=TrialRequest(study="s@r", key="001/3", number=7, params={"width": width}), **arguments)
        for width in (256, 4096)
    ]
    assert [each["resources"] for each in asked] == [
        {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        {"requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"memory": "16Gi"}},
    ]


MESSAGE = re.compile(r"^\| `([^|]+?)` \|", re.MULTILINE)
TROUBLES = MESSAGE.findall((DOCS / "operate" / "troubleshooting.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def texts() -> str:
    """Texts of the package, those that stand in several pieces joined."""
    return "".join(re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("message", TROUBLES)
def test_a_message_under_troubleshooting_is_one_that_is_said(message: str, texts: str) -> None:
    assert [part for part in message.split(" ... ") if part not in texts] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_public_name_runs(name: str) -> None:
    found = EXAMPLE.search(inspect.getdoc(getattr(airflow_hpo, name)) or "")
    assert found, f"The docstring of {name} needs a block `Example::`."
    names = {public: getattr(airflow_hpo, public) for public in NAMES}
    with DAG("example"):
        exec(compile(textwrap.dedent(found[1]), f"example of {name}", "exec"), names)


def test_every_public_name_stands_in_the_reference_once() -> None:
    pages = "\n".join(page.read_text() for page in (DOCS / "reference").glob("*.md"))
    listed = re.findall(r"^::: airflow_hpo\.(\w+)$", pages, re.MULTILINE)
    errors = [name for name in NAMES if getattr(airflow_hpo, name).__module__ == "airflow_hpo.exceptions"]
    assert sorted(set(NAMES) - set(errors) | {"exceptions", "reporting"}) == sorted(listed)


@pytest.mark.parametrize("page", named(PAGES))
def test_a_page_names_options_that_exist(page: Path) -> None:
    assert set(OPTION.findall(page.read_text())) <= set(OPTIONS)


@pytest.mark.parametrize("page", named(PAGES))
def test_a_page_shows_commands_that_exist(page: Path) -> None:
    lines = [line for block in SHELL.findall(page.read_text()) for line in block.splitlines()]
    shown = [line for line in lines if line.startswith("airflow hpo ")]
    assert [line for line in shown if not line.startswith(tuple(COMMANDS))] == []


@pytest.mark.parametrize("page", named(PAGES))
def test_a_page_asks_for_tables_that_exist(page: Path) -> None:
    assert set(HOOKS.REQUEST.findall(page.read_text())) <= set(HOOKS.TABLES)


@pytest.mark.parametrize(
    ("table", "names"),
    [("options", OPTIONS), ("samplers", SAMPLERS), ("pruners", PRUNERS)],
    ids=["options", "samplers", "pruners"],
)
def test_a_table_has_a_row_for_each_name(table: str, names: dict[str, Any]) -> None:
    rows = HOOKS.TABLES[table]().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(names)


def test_the_table_of_commands_has_a_row_for_each_command() -> None:
    text = HOOKS.TABLES["commands"]()
    assert [name for name in COMMANDS if f"`{name.split()[-1]}" not in text] == []


def test_the_page_of_parameters_names_every_variable_and_every_field_of_trial() -> None:
    text = (DOCS / "tune/parameters.md").read_text()
    request = TrialRequest(
        study="s@1",
        key="001/1",
        number=1,
        params={"x": 1},
        period=Period(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 2, 1, tzinfo=UTC)),
        candidate="champion",
        scenario=Scenario("monday", {"rain": True}),
        variant="v",
        replicate=1,
    )
    variables = {name.replace("PARAM_X", "PARAM_<NAME>").replace("_RAIN", "_<NAME>") for name in request.environment()}
    fields = {f"trial.{name}" for name in vars(TrialView(request))}
    assert {name for name in variables | fields if f"`{name}" not in text} == set()


def test_the_versions_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (DOCS / "start/install.md").read_text()
    assert {"apache-airflow>=3.3", "optuna>=5.0,<6"} <= set(project["dependencies"])
    assert project["requires-python"] == ">=3.11"
    assert all(version in text for version in ("3.3 or newer", "3.11 or newer", "5.0 or newer, below 6"))
    assert [extra for extra in project["optional-dependencies"] if f"| `{extra}` |" not in text] == []


@pytest.mark.parametrize("page", named(PAGES))
def test_the_files_and_modules_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text()
    files = set(re.findall(r"`([\w./]+(?:\.py|/))`", text)) - {"dist/"}
    assert {name for name in files if not any((base / name).exists() for base in (ROOT, PACKAGE))} == set()
    for name in set(re.findall(r"\bairflow_hpo(?:\.[A-Za-z_]\w*)+", text)):
        pkgutil.resolve_name(name)


def test_each_row_of_what_computes_again_names_a_test_on_a_live_airflow() -> None:
    page = (DOCS / "operate" / "again.md").read_text()
    rows = re.findall(r"^\| (?!what |---)(.*?) \| ", page, re.MULTILINE)
    named = [line.rpartition(": ") for line in page.partition("<!-- ")[2].splitlines()[1:-1]]
    assert [row for row, _, _ in named] == rows
    live, other = _tests_in("system", "cluster"), _tests_in("integration", "unit")
    assert {name for _, _, names in named for name in names.split()} <= live | other
    assert [row for row, _, names in named if not live & set(names.split())] == []


def _tests_in(*folders: str) -> set[str]:
    files = [path for folder in folders for path in (ROOT / "tests" / folder).rglob("test_*.py")]
    return set(re.findall(r"def (test_\w+)", "".join(path.read_text() for path in files)))


def test_the_invariants_can_be_held_in_mind() -> None:
    section = (ROOT / "CONTRIBUTING.md").read_text().partition("## Invariants\n")[2].partition("\n## ")[0]
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) <= 12


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_the_files_that_a_root_file_links_to_exist(name: str) -> None:
    targets = [target for _, target in HOOKS.LINK.findall((ROOT / name).read_text())]
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_links_of_a_root_file_hold_inside_the_pages() -> None:
    text = "[a](docs/faults.md) [b](CHANGELOG.md) [c](dags/tune.py) [d](https://example.com)"
    assert HOOKS.relinked(text) == "[a](faults.md) [b](changelog.md) `dags/tune.py` [d](https://example.com)"


def test_the_readme_is_read_in_minutes() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_no_page_is_empty() -> None:
    assert [page.name for page in PAGES if len(page.read_text().splitlines()) < 5] == []


def test_the_picture_of_the_parts_is_the_one_that_its_program_draws() -> None:
    assert (DOCS / "parts.svg").read_text(encoding="utf-8") == imported(DOCS / "parts.py").svg()


PRINTED = re.compile(
    r"^\| [^`\n]*(?:`[^`]*`)? \| `(.+?)`[^|]*(?:`[^`]*`)? \| `([^`]+)` \| `(Stdout\(.*\))` \|$", re.MULTILINE
)


@pytest.mark.parametrize(
    ("line", "metric", "source"), PRINTED.findall((DOCS / "tune" / "metrics.md").read_text(encoding="utf-8"))
)
def test_a_line_that_a_framework_prints_is_read_as_the_page_declares(line: str, metric: str, source: str) -> None:
    collector = Collector(eval(source, {"Stdout": airflow_hpo.Stdout}), Objective(metric, direction="minimize"))
    collector.feed(f"{line}\n".encode())
    collector.close()
    assert collector.measure().value == 0.42


def test_the_month_that_the_page_of_retuning_explains_is_what_the_program_measures() -> None:
    page = (DOCS / "decide" / "retuning.md").read_text(encoding="utf-8")
    options = re.findall(r"^\| `(\w+)`: [^|]* \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    windows = re.findall(r"^\| cost of a day, .*\((\S+) to (\S+)\) \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    without = re.findall(r"^\| the same test without .* \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    measured = [(start, end, "forecast", costs) for start, end, *costs in windows]
    measured += [(*windows[-1][:2], "climate", costs) for costs in without]
    assert (len(options), len(measured)) == (5, 4)
    program = [sys.executable, str(ROOT / "dags" / "programs" / "plan_bikes.py")]
    for start, end, variant, costs in measured:
        for candidate, cost in enumerate(costs, start=1):
            chosen = [f"--{row[0].replace('_', '-')}={row[candidate]}" for row in options]
            period = [f"--start={start}", f"--end={end}", f"--variant={variant}"]
            said = subprocess.run([*program, *period, *chosen], capture_output=True, text=True, check=True).stdout
            assert round(float(said.partition("cost=")[2].split()[0]), 1) == float(cost)
