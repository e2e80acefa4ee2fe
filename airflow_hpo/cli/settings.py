"""``airflow hpo studies set|extend``."""

from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import terminal
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.settings import typed_settings
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.studies.steer import holds_later


@one_line_errors
def set_(args: Any) -> None:
    """Give a running study other settings."""
    hook = hook_of(args.conn_id)
    edition = hook.set_study(args.name, **typed_settings(args.settings))
    _say(edition, holds_later(hook.store, edition.name))


@one_line_errors
def extend(args: Any) -> None:
    """Have a running study want more trials."""
    if args.trials < 1:
        raise DeclarationError(f"A study is extended by 1 trial or more, but got {args.trials}. Type 20.")
    _say(hook_of(args.conn_id).extend_study(args.name, args.trials))


def _say(edition: Edition, later: str | None = None) -> None:
    study = edition.study
    limit = f"timeout {study.timeout}" if study.timeout else "no timeout"
    now = f"{study.wanted} trials, {study.simulations_at_once} at once, {limit}, sampler {study.sampler.name}"
    said = [f"{edition.name}: {now}.", edition.differs or "That is what its file declares.", later or ""]
    terminal().print(" ".join(said).rstrip(), soft_wrap=True)
