"""Reader of ``spec.parameters`` of an OptimizationJob: what is searched."""

from airflow_hpo.core.space.parameter import AnyParameter, Categorical, Float, Int
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.number_text import number_of
from airflow_hpo.importers.parameter_names import named_here

_RANGES = ("uniform", "logUniform")


def space_of(spec: Fields) -> tuple[dict[str, AnyParameter], dict[str, str]]:
    """Return the parameters, and what each of the source is called here."""
    space: dict[str, AnyParameter] = {}
    names: dict[str, str] = {}
    for each in spec.members("parameters"):
        name, ranges = each.needed("name", "lr"), each.part("searchSpace")
        if name in names:
            each.findings.refuse(each.path, "It stands twice. Leave one out.")
        made = _parameter(ranges)
        each.close()
        if made is not None:
            names[name] = here = named_here(each, name, [*space])
            space[here] = made
    if "parameters" not in spec:
        spec.findings.missing(
            "spec.parameters", "A study searches one parameter at least. Write `parameters:` with one."
        )
    return space, names


def _parameter(ranges: Fields) -> AnyParameter | None:
    given = [name for name in (*_RANGES, "categorical") if name in ranges]
    one = ranges.part(given[0] if given else "uniform")
    for name in given[1:]:
        ranges.refused(name, f"A parameter has one range, and has {given[0]} already. Leave one out.")
    ranges.close()
    if not given:
        why = "It is one of uniform, logUniform, categorical, but was not given. Write `uniform:` with min and max."
        ranges.findings.missing(ranges.path, why)
        return None
    made = _choices(one) if given[0] == "categorical" else _range(one, is_log=given[0] == "logUniform")
    one.close()
    return made


def _choices(one: Fields) -> AnyParameter | None:
    texts = one.texts("choices")
    try:
        return Categorical(texts)
    except DeclarationError as err:
        one.findings.refuse(one.at("choices"), str(err))
        return None


def _range(one: Fields, *, is_log: bool) -> AnyParameter | None:
    is_whole = one.one_of("type", "Int", "Float") == "Int"
    texts = {name: one.needed(name, '"1"') for name in ("min", "max")}
    numbers = [number_of(one, name, text, is_whole=is_whole) for name, text in texts.items() if text]
    low, high = numbers if len(numbers) == len(texts) else (None, None)
    if low is None or high is None:
        return None
    try:
        return Int(int(low), int(high), log=is_log) if is_whole else Float(float(low), float(high), log=is_log)
    except (DeclarationError, ArithmeticError) as err:
        one.findings.refuse(one.path, str(err))
        return None
