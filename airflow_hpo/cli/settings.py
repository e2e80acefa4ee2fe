"""``airflow hpo studies set|extend``."""

from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import terminal
from airflow_hpo.core.settings import typed_settings
from airflow_hpo.studies.steer import holds_later, settings_sentence


@one_line_errors
def set_(args: Any) -> None:
    """Give a running study other settings."""
    hook = hook_of(args.conn_id)
    edition = hook.set_study(args.name, **typed_settings(args.settings))
    terminal().print(settings_sentence(edition, holds_later(hook.store, edition.name)), soft_wrap=True)


@one_line_errors
def extend(args: Any) -> None:
    """Have a running study want more trials."""
    terminal().print(settings_sentence(hook_of(args.conn_id).extend_study(args.name, args.trials)), soft_wrap=True)
