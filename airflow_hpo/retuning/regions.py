"""Regions: one declaration for many, each with its own differences."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, ParamSpec, Protocol, cast

from airflow.sdk import DAG

from airflow_hpo.comparison.error_budget import ErrorBudget
from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.names import id_form, one_spelling
from airflow_hpo.core.study import Study, checked_study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.retuning.region import checked_region, displayed, region_dag, regional_study
from airflow_hpo.retuning.region_files import from_yaml
from airflow_hpo.retuning.shared_error import rule_of_region

_ByName = ParamSpec("_ByName")
_ByFile = ParamSpec("_ByFile")


class _AlsoFromFiles(Protocol[_ByName, _ByFile]):
    """What type checkers see of a function that has another one as its attribute, as ``Study`` has ``Study.from_yaml``."""

    from_yaml: Callable[_ByFile, dict[str, DAG]]

    def __call__(self, *args: _ByName.args, **kwargs: _ByName.kwargs) -> dict[str, DAG]: ...


def _also(
    from_files: Callable[_ByFile, dict[str, DAG]],
) -> Callable[[Callable[_ByName, dict[str, DAG]]], _AlsoFromFiles[_ByName, _ByFile]]:
    def attach(by_name: Callable[_ByName, dict[str, DAG]]) -> _AlsoFromFiles[_ByName, _ByFile]:
        both = cast("_AlsoFromFiles[_ByName, _ByFile]", by_name)
        both.from_yaml = from_files
        return both

    return attach


@_also(from_yaml)
def retuning_dags(
    regions: Mapping[str, Mapping[str, Any]],
    *,
    study: Study,
    trial: Any,
    dag_id: str = "",
    parameter_set: str = "",
    error: ErrorBudget | Literal["each"] | None = None,
    **shared: Any,
) -> dict[str, DAG]:
    """Build one retuning DAG a region: ``retune_<study>_<region>`` tunes the study and parameter set ``<study>/<region>``.

    Every DAG has the parameter ``region``, so templates read ``{{ params.region }}``.

    Example::

        dags = retuning_dags(
            {"tokyo": {}, "osaka": {"study": {"max_trials": 12}}},
            study=Study(name="bikes", objective="cost", space={"margin": Float(0.0, 0.5)}, max_trials=24),
            trial=ProcessTrial(["python", "plan.py", "--margin={{ trial.params.margin }}"]),
            tuning=Window("-20w", "-8w"),
            test=Window("-8w"),
            scenarios="1d",
            schedule="@monthly",
        )

    :param regions: by name, the arguments of :func:`retuning_dag` that are the region's own; its ``study`` holds the fields of
        the study that differ, and of its ``space`` only the parameters that differ (None leaves one out).
    :param study: the study that all regions share.
    :param trial: what runs a trial, or a function of the region's name that returns it.
    :param dag_id: what the DAGs' names begin with; default: ``retune_<study>``.
    :param parameter_set: what the parameter sets' names begin with; default: the study's name.
    :param error: over what the error of all regions together is held: an :class:`ErrorBudget`, of which each region has an even part,
        or ``"each"`` for each comparison by itself; None for that of the rule, of which a budget is divided as well. A region's own
        rule may declare another.
    :param shared: arguments of :func:`retuning_dag` for all regions.
    :returns: the DAGs by region.
    :raises DeclarationError: when a region's declaration makes no sense, with its name in the message.
    """
    if not isinstance(regions, Mapping) or not all(isinstance(own, Mapping) for own in regions.values()):
        names = list(regions) if isinstance(regions, Mapping | list | tuple) else []
        meant: dict[str, Any] = {region: {} for region in names if isinstance(region, str)} or {"tokyo": {}}
        raise DeclarationError(
            f"Each region has a mapping of what is its own, but got {brief_repr(regions)}. Write {meant!r}."
        )
    checked_study(study)
    for region in regions:
        if not isinstance(region, str):
            raise DeclarationError(f"A region's name is text, but got {region!r}. Write {str(region)!r}.")
    if not regions:
        raise DeclarationError(
            "Retuning needs at least one region, but got none. Write {'tokyo': {}}, or retuning_dag(...)."
        )
    prefix = dag_id or f"retune_{id_form(study.name)}"
    sets = parameter_set or study.name
    ids = {region: own.get("dag_id", f"{prefix}_{id_form(str(region))}") for region, own in regions.items()}
    champions = {
        region: one_spelling(str(own.get("parameter_set", f"{sets}/{region}"))) for region, own in regions.items()
    }
    _refuse_twins("DAG", ids, "dag_id")
    _refuse_twins("parameter set", champions, "parameter_set")
    rules = {
        region: rule_of_region(own.get("rule"), shared.get("rule"), error, len(regions))
        for region, own in regions.items()
    }
    return {
        region: _built(
            region,
            {"dag_id": ids[region], "parameter_set": champions[region]},
            study,
            trial,
            shared,
            {**own, "rule": rules[region]},
        )
        for region, own in regions.items()
    }


def _refuse_twins(what: str, names: Mapping[str, str], argument: str) -> None:
    """Refuse two regions of which one would take the other's place."""
    regions: dict[str, str] = {}
    for region, name in names.items():
        if name in regions:
            raise DeclarationError(
                f"Each region has a {what} of its own, but {regions[name]!r} and {region!r} both have {name!r}. Rename one "
                f"region, or give it another by {{{region!r}: {{{argument!r}: ...}}}}."
            )
        regions[name] = region


def _built(
    region: str, names: Mapping[str, str], study: Study, trial: Any, shared: Mapping[str, Any], own: Mapping[str, Any]
) -> DAG:
    region = checked_region(region)
    try:
        default = {**names, "trial": trial, **displayed(study, region, names["dag_id"]), **shared}
        return region_dag(region, regional_study(study, region, own.get("study", {})), default, own)
    except DeclarationError as err:
        raise DeclarationError(f"Region {region!r}: {err}") from err
