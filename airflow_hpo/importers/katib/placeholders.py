"""Placeholders of a trial template (``${trialParameters.NAME}``), and what each becomes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_hpo.core.declared import nearest
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.jinja_text import Expression, of_parameter, template
from airflow_hpo.importers.katib.space import Searched
from airflow_hpo.pods.build.labels import dns_name

Pieces = list[str | Expression]

_PLACEHOLDER = re.compile(r"\$\{trialParameters\.([^{}]+)\}")
_OF_THE_TRIAL = re.compile(r"\$\{trialSpec\.(\w+)(?:\[([^\[\]]+)\])?\}")
_META = ("Name", "Namespace", "Kind", "APIVersion", "Labels", "Annotations")


class Placeholders:
    """What stands for each placeholder, filled from ``trialParameters`` and used while the template is copied."""

    def __init__(
        self,
        space: Mapping[str, Searched],
        constants: Mapping[str, str],
        namespace: str | None,
        findings: Findings,
        *,
        of_architecture: bool,
    ) -> None:
        self.namespace = namespace
        self.findings = findings
        self._space = space
        self._constants = constants
        self._of_architecture = of_architecture
        self._meaning: dict[str, Pieces] = {}
        self._references: dict[str, str] = {}

    def read(self, spec: Fields, trial: Mapping[str, Any], study: str) -> None:
        """Read ``trialParameters``; ``trial`` is the object of which the template makes one for each trial."""
        asked_for = set()
        for each in spec.members("trialParameters"):
            name, reference = each.needed("name", "lr"), each.needed("reference", "lr")
            each.silent("description")
            each.close()
            if name in self._references:
                self.findings.refuse(each.path, "It stands twice. Leave one out.")
            self._references[name] = each.path
            asked_for.add(reference)
            meaning = self._meant(each, reference, trial, study)
            if meaning is not None:
                self._meaning[name] = meaning
        for source, one in self._space.items():
            if source not in asked_for:
                self.findings.refuse(
                    one.path,
                    "The template never takes it, so that Katib can create no trial. Add it to trialParameters, or leave it out.",
                )

    def filled(self, data: Any) -> Any:
        """Return a part of the template as one of ours; texts reach Kubernetes as they stand but for the placeholders."""
        if isinstance(data, str):
            return template(self._pieces(data))
        if isinstance(data, Mapping):
            return {name: self.filled(value) for name, value in data.items()}
        return [self.filled(each) for each in data] if isinstance(data, list) else data

    def check_used(self, trial: Any) -> None:
        """Refuse placeholders of which Katib knows none, those in names, and parameters that no placeholder takes."""
        texts, keys = [*_texts(trial)], [*_keys(trial)]
        used = {name for text in texts for name in _PLACEHOLDER.findall(text)}
        for key in keys:
            if _PLACEHOLDER.search(key):
                self.findings.refuse(
                    "spec.trialTemplate.trialSpec",
                    f"A placeholder stands in a value, but got {key!r} as a name. Write the name itself.",
                )
        for name in sorted(used - {*self._references}):
            near = nearest(name, [*self._references]) or f" There are {', '.join(self._references) or 'none'}."
            self.findings.refuse(
                "spec.trialTemplate.trialSpec",
                f"It asks for ${{trialParameters.{name}}}, which trialParameters has not.{near}",
            )
        for name, path in self._references.items():
            if name not in used and not any(_PLACEHOLDER.search(key) for key in keys):
                self.findings.refuse(
                    path, f"Nothing in the template takes ${{trialParameters.{name}}}. Leave it out, or take it."
                )

    def _pieces(self, text: str) -> Iterator[str | Expression]:
        for place, part in enumerate(_PLACEHOLDER.split(text)):
            yield from self._meaning.get(part, [f"${{trialParameters.{part}}}"]) if place % 2 else [part]

    def _meant(self, each: Fields, reference: str, trial: Mapping[str, Any], study: str) -> Pieces | None:
        if reference in self._constants:
            return [self._constants[reference]]
        if reference in self._space:
            return [of_parameter(self._space[reference].name)]
        of_the_trial = _OF_THE_TRIAL.fullmatch(reference)
        if of_the_trial and of_the_trial[1] in _META:
            found = self._metadata(each.at("reference"), of_the_trial[1], of_the_trial[2], trial)
            return (
                [f"{dns_name(study)}-", found] if isinstance(found, Expression) else None if found is None else [found]
            )
        if reference and not self._of_architecture:
            near = nearest(reference, [*self._space]) or f" There are {', '.join(self._space)}."
            self.findings.refuse(each.at("reference"), f"It names a parameter, but got {reference!r}.{near}")
        return None

    def _metadata(self, path: str, field: str, key: str | None, trial: Mapping[str, Any]) -> str | Expression | None:
        """Return what a field of the trial's object is here; of its name the number of the trial."""
        if field == "Name":
            self.findings.differs(
                path,
                "A trial is called otherwise here: by the study and its number in it, which begins at 0 in every run.",
                "trial",
            )
            return Expression("trial.number")
        if field == "Namespace":
            if self.namespace is None:
                self.findings.refuse(
                    path, "The namespace is that of the connection, which is not known here. Write metadata.namespace."
                )
            return self.namespace
        if field in ("Kind", "APIVersion"):
            return str(trial.get("kind" if field == "Kind" else "apiVersion", ""))
        meta = trial.get("metadata")
        named = meta.get(field.lower()) if isinstance(meta, Mapping) else None
        found = named.get(key) if isinstance(named, Mapping) else None
        if not isinstance(found, str):
            self.findings.refuse(
                path, f"The template has no {field.lower()[:-1]} {key!r}. Write it into metadata.{field.lower()}."
            )
            return None
        return found


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for each in data.values():
            yield from _texts(each)
    elif isinstance(data, list):
        for each in data:
            yield from _texts(each)


def _keys(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        yield from map(str, data)
        for each in data.values():
            yield from _keys(each)
    elif isinstance(data, list):
        for each in data:
            yield from _keys(each)
