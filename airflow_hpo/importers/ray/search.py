"""Search algorithms of Ray Tune as samplers."""

import importlib.util
from dataclasses import dataclass
from typing import Any

from airflow_hpo.core.algorithms import LIBRARIES, Sampler
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.ray.run import Tree, fields_of, is_tree, said

_PATH = "tune_config.search_alg"
_SAMPLERS = {
    "BasicVariantGenerator": "random",
    "OptunaSearch": "tpe",
    "HyperOptSearch": "tpe",
    "TuneBOHB": "tpe",
    "BayesOptSearch": "gp",
    "random": "random",
    "variant_generator": "random",
    "optuna": "tpe",
    "hyperopt": "tpe",
    "bohb": "tpe",
    "bayesopt": "gp",
}
_SEEDS = ("seed", "random_state", "random_state_seed")
_STARTS = ("n_initial_points", "random_search_steps")
_OWN = "The sampler here has it not: it goes by its own rule."
_OF_SPACE = ("space", "metric", "mode", "points_to_evaluate", "max_concurrent")


@dataclass(slots=True)
class Search:
    """What ``search_alg`` says."""

    sampler: Sampler
    given: Fields
    seed: int | None = None
    at_once: int | None = None


def search_of(tree: Tree, findings: Findings) -> Search:
    """Return the sampler; without an algorithm Ray draws at random."""
    if tree == {"kind": "constant", "value": None}:
        return Search(Sampler("random"), Fields(None, _PATH, findings))
    if tree.get("name") == "ConcurrencyLimiter":
        limiter = fields_of(tree, _PATH, findings)
        inner = {**dict(zip(("searcher", "max_concurrent"), tree["items"])), **tree["named"]}
        at_once = limiter.whole("max_concurrent", 1)
        limiter.silent("searcher", "batch")
        limiter.close()
        found = search_of(inner.get("searcher", {"kind": "constant", "value": None}), findings)
        return Search(found.sampler, found.given, found.seed, at_once or found.at_once)
    name = said(tree) if tree["kind"] != "constant" else str(tree["value"])
    if name not in _SAMPLERS:
        known = ", ".join(each for each in _SAMPLERS if each[0].isupper())
        findings.refuse(_PATH, f"It is one of {known}, but got {name}. Write OptunaSearch().")
        return Search(Sampler("random"), Fields(None, _PATH, findings))
    given = fields_of(tree, _PATH, findings) if tree["kind"] == "marker" else Fields(None, _PATH, findings)
    return _read(name, given)


def _read(name: str, given: Fields) -> Search:
    given.silent(*_OF_SPACE)
    options: dict[str, Any] = {}
    seed = next((found for each in _SEEDS if (found := given.raw(each)) is not None), None)
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or seed < 0):
        given.findings.differs(given.at("seed"), "Trials have the seed of the study, which is a number.", "study")
        seed = None
    for each in _STARTS:
        if (count := given.whole(each, 1)) is not None:
            options["n_startup_trials"] = count
    if name == "TuneBOHB":
        given.findings.differs(_PATH, "BOHB's model is a Parzen estimator: TPE takes its place.", "study.sampler")
    for each in given.data:
        if each not in (*_OF_SPACE, *_SEEDS, *_STARTS):
            about = f" ({said(given.data[each])})" if is_tree(given.data[each]) else ""
            given.findings.differs(given.at(str(each)), f"{_OWN[:-1]}{about}.", "study.sampler")
    sampler = _available(given, _SAMPLERS[name])
    return Search(Sampler(sampler, **({} if sampler == "random" else options)), given, seed, _at_once(given))


def _at_once(given: Fields) -> int | None:
    return given.whole("max_concurrent") or None


def _available(given: Fields, name: str) -> str:
    library, extra = LIBRARIES.get(name, (None, None))
    if library is None or importlib.util.find_spec(library):
        return name
    given.findings.differs(
        _PATH,
        f"A Gaussian process needs the extra {extra!r}, which is not installed: TPE takes its place. Install "
        f"airflow-provider-hpo[{extra}] and import again for {name!r}.",
        "study.sampler",
    )
    return "tpe"
