"""Tables that the pages take from the code, and pages made from files of the repository's root.

A page asks for a table by a comment, ``<!-- table: options -->``, so that a fact stands once: where the program reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ROOT_PAGES = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
REQUEST = re.compile(r"<!-- table: (\w+) -->")
BUDGET = (
    "max_trials",
    "count",
    "parallelism",
    "batch_size",
    "max_pending",
    "max_failures",
    "stop_on_same_failure",
    "timeout",
    "patience",
    "stop_when",
    "when_over",
)
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages whose text lies in the repository's root."""
    from mkdocs.structure.files import File

    for page, source in ROOT_PAGES.items():
        files.append(File.generated(config, page, content=relinked((ROOT / source).read_text(encoding="utf-8"))))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the tables where a page asks for them."""
    return REQUEST.sub(lambda found: TABLES[found[1]](), markdown)


def relinked(text: str) -> str:
    """Return a root file's text with links that hold inside ``docs``; files outside it become plain names."""

    def link(found: re.Match[str]) -> str:
        label, target = found.groups()
        if target.startswith("docs/"):
            return f"[{label}]({target.removeprefix('docs/')})"
        pages = {source: page for page, source in ROOT_PAGES.items()}
        return f"[{label}]({pages[target]})" if target in pages else f"`{target}`"

    return LINK.sub(link, text)


def options() -> str:
    """Return the ``[hpo]`` options with their defaults."""
    from airflow_hpo.provider_info import get_provider_info

    declared = get_provider_info()["config"]["hpo"]["options"]
    rows = ((f"`{name}`", each["description"], f"`{each['default']}`") for name, each in declared.items())
    return _table(("`[hpo]`", "meaning", "default"), rows)


def samplers() -> str:
    """Return the samplers with their options."""
    from airflow_hpo.core.sampler_options import SAMPLERS

    return _algorithms("sampler", SAMPLERS)


def pruners() -> str:
    """Return the pruners with their options."""
    from airflow_hpo.core.pruner_options import PRUNERS

    return _algorithms("pruner", PRUNERS)


def budget() -> str:
    """Return the arguments of a study that say how much may be spent, and how fast."""
    from airflow_hpo.core.json_schema import study_schema

    declared = study_schema()["properties"]
    return _table(("argument", "meaning"), ((f"`{name}`", declared[name]["description"]) for name in BUDGET))


def commands() -> str:
    """Return the commands, one table a group; a command that is no group has a table of its own."""
    from airflow_hpo.cli.commands import get_cli_commands

    return "\n\n".join(_commands(group) for group in get_cli_commands()[0].subcommands)


TABLES: dict[str, Callable[[], str]] = {
    "options": options,
    "budget": budget,
    "samplers": samplers,
    "pruners": pruners,
    "commands": commands,
}


def _algorithms(kind: str, known: Mapping[str, Any]) -> str:
    rows = ((f"`{name}`", (each.__doc__ or "").strip(), _fields(each)) for name, each in known.items())
    return _table((kind, "what it does", "options with their defaults"), rows)


def _fields(declared: Any) -> str:
    fields = declared.model_fields.items()
    return ", ".join(f"`{name}`" if each.is_required() else f"`{name}={each.default!r}`" for name, each in fields)


def _commands(group: Any) -> str:
    alone = not hasattr(group, "subcommands")
    rows = ((f"`{_usage(each)}`", _arguments(each)) for each in ([group] if alone else group.subcommands))
    title = f"## airflow hpo {group.name}\n\n{group.help}.\n\n"
    return title + _table(("`airflow hpo …`" if alone else f"`airflow hpo {group.name} …`", "what it does"), rows)


def _usage(command: Any) -> str:
    positional = (each.flags[0].upper() for each in command.args if not each.flags[0].startswith("-"))
    return " ".join((command.name, *positional))


def _arguments(command: Any) -> str:
    """Return what a command does and its arguments, without the one that every command has."""
    own = (each for each in command.args if each.flags[0] != "--conn-id")
    named = (f"<br>`{', '.join(each.flags)}` {each.kwargs.get('help')}." for each in own)
    return f"{command.help}.{''.join(named)}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in (head, ("---",) * len(head), *rows))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
