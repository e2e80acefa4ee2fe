"""Samplers that others wrote, imported and built where tasks run."""

import inspect
from collections.abc import Mapping
from functools import lru_cache, reduce
from importlib import import_module
from pathlib import Path
from typing import Any

from optuna.samplers import BaseSampler, QMCSampler

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.sampler_class import is_folder
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.optuna.sampler_folder import import_folder


def built(study: Study, edition: str, seed: int) -> BaseSampler:
    """Build the study's sampler for one trial, with its seed where the class takes one.

    :raises DeclarationError: when the class, or what it is given, is none.
    """
    kind = sampler_class(study.sampler.name, study.sampler.digest)
    takes = inspect.signature(kind).parameters
    check_options(study.sampler, takes)
    # All trials take points of one sequence. Optuna keeps its position on the study.
    own = derived_seed(study.seed, edition) if issubclass(kind, QMCSampler) else seed
    seeded = {"seed": own} if "seed" in takes else {}
    try:
        return kind(**study.sampler.options, **seeded)
    except Exception as err:
        raise DeclarationError(
            f"The sampler {study.sampler.name!r} is built from its options, but got {brief_repr(study.sampler.options)}, which ended in "
            f"{told(err)} Mend them."
        ) from err


@lru_cache(maxsize=16)
def sampler_class(name: str, digest: str | None) -> type[BaseSampler]:
    """Import a sampler's class.

    :raises DeclarationError: when it cannot be imported, or is no sampler.
    """
    place, _, path = name.rpartition(":")
    try:
        module: Any = import_folder(Path(place), digest or "") if is_folder(name) else import_module(place)
    except DeclarationError:
        raise
    except (Exception, SystemExit) as err:
        raise DeclarationError(
            f"A sampler is imported where tasks run, but importing {place!r} ended in {told(err)} "
            f"{'Install what it needs there.' if is_folder(name) else f'Put {place}.py beside the DAG file, or install it there.'}"
        ) from err
    try:
        kind: Any = reduce(getattr, path.split("."), module)
    except AttributeError:
        known = [
            each for each, value in vars(module).items() if inspect.isclass(value) and issubclass(value, BaseSampler)
        ]
        listed = ", ".join(known)
        raise DeclarationError(
            f"A sampler is a class of its module, but {place!r} has no {path!r}."
            f"{nearest(path, known) or (f' It has {listed}.' if known else ' Define it there.')}"
        ) from None
    if not (inspect.isclass(kind) and issubclass(kind, BaseSampler)):
        raise DeclarationError(
            f"A sampler is a class of optuna.samplers.BaseSampler, but {name!r} is {brief_repr(kind)}. "
            f"Write class {path.rpartition('.')[2]}(BaseSampler)."
        )
    if inspect.isabstract(kind):
        missing = ", ".join(sorted(kind.__abstractmethods__))
        raise DeclarationError(f"A sampler has every method, but {name!r} lacks {missing}. Define them.")
    return kind


def check_options(sampler: Sampler, takes: Mapping[str, inspect.Parameter]) -> None:
    """Refuse options that the class does not take, and the lack of one that it needs."""
    kinds = [each.kind for each in takes.values()]
    named = [name for name, each in takes.items() if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD)]
    for option, value in sampler.options.items():
        if option not in named and inspect.Parameter.VAR_KEYWORD not in kinds:
            listed = f" It takes {', '.join(each for each in named if each != 'seed') or 'none'}."
            raise DeclarationError(
                f"The sampler {sampler.name!r} has no option {option!r}, but got {option}={brief_repr(value)}.{nearest(option, named) or listed}"
            )
    for option in named:
        if takes[option].default is inspect.Parameter.empty and option not in {*sampler.options, "seed"}:
            raise DeclarationError(
                f"The sampler {sampler.name!r} needs {option!r}, which was not given. Write Sampler({sampler.name!r}, {option}=...)."
            )


def told(err: BaseException) -> str:
    """Return an error as a sentence names it."""
    text = str(err).rstrip(".")
    return f"{type(err).__name__}: {text}." if text else f"{type(err).__name__}."
