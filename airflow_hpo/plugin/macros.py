"""Macros for the templates of any task: ``{{ macros.hpo.champion("dispatch/tokyo").params.max_wait_s }}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_hpo.core.parameter_set import ParameterVersion


class ChampionView:
    """A champion in a template: its ``name``, ``version``, ``created`` and ``provenance``, and ``params``, which prints as JSON.

    :param champion: the version in use.
    """

    def __init__(self, champion: ParameterVersion) -> None:
        from airflow_hpo.core.trial import ParamsView

        self.name = champion.name
        self.version = champion.version
        self.created = champion.created
        self.provenance = champion.provenance
        self.params = ParamsView(champion.params)


def champion(name: str, default: Mapping[str, Any] | None = None, hpo_conn_id: str = "hpo_default") -> ChampionView:
    """Return the version of a parameter set that production uses.

    Every call reads the store. Where several parameters must be of one version, take them from one call: ``{% set %}`` it, or
    print ``params`` as a whole.

    :param name: the parameter set.
    :param default: parameters to use while none was ever promoted; None: that is an error.
    :param hpo_conn_id: connection of the study database.
    """
    from airflow_hpo.hooks.hpo import HpoHook

    hook = HpoHook(hpo_conn_id)
    return ChampionView(hook.champion(name) if default is None else hook.champion(name, default))
