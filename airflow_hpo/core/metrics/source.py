"""Sources of a trial's metrics, as a user declares them."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, StrictBool, field_validator, model_validator

from airflow_hpo.core.declared import Declared, nearest
from airflow_hpo.core.metrics.default_filter import DEFAULT_FILTER
from airflow_hpo.core.metrics.user_filters import Filter, line_filters
from airflow_hpo.core.names import one_spelling
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import DeclarationError

FormatName = Literal[
    "text", "json", "csv", "yaml", "catboost", "huggingface", "keras", "lightgbm", "lightning", "tqdm", "xgboost"
]


class _LineSource(Declared):
    format: FormatName = "text"
    filter: Filter | None = None
    timestamps: StrictBool = False
    step: str | None = Field(default="step", min_length=1)

    @field_validator("filter", mode="before", json_schema_input_type=Filter | None)
    @classmethod
    def _texts(cls, given: Any) -> Any:
        each: list[Any] = [given]
        if isinstance(given, Mapping):
            each = [*given, *given.values()]
        elif isinstance(given, list | tuple):
            each = [*given]
        if not all(one is None or isinstance(one, str) for one in each):
            raise ValueError(
                f"A filter is a regular expression, a list of them, or a mapping of metrics to one each, but got {given!r}. "
                r"Write filter=r'(?P<name>\w+): (?P<value>\S+)'."
            )
        return given

    @field_validator("step")
    @classmethod
    def _spelt(cls, step: str | None) -> str | None:
        return step and one_spelling(step)

    @model_validator(mode="after")
    def _filter_fits(self) -> Self:
        if self.filter is None:
            return self
        if self.format != "text":
            raise ValueError(
                f"`filter` belongs to format='text', but got (format={self.format!r}, filter={self.filter!r}). "
                "Drop one of them."
            )
        line_filters(self.filter)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data that :meth:`from_dict` takes back; no step is another than the default one."""
        return {**super().to_dict(), "step": self.step}

    def rendered(self, render: Callable[[str], str]) -> Self:
        """Return the source of one trial, with its templates rendered."""
        return self

    def check(self, objective: Objective) -> None:
        """Refuse filters by metric that name an unknown metric or forget the objective."""
        if not isinstance(self.filter, dict):
            return
        for name in self.filter:
            if name not in objective.metrics:
                raise DeclarationError(
                    f"A filter's metric must be declared, but got {name!r} and the objective has "
                    f"{', '.join(objective.metrics)}.{nearest(name, objective.metrics)}"
                )
        if objective.metric not in self.filter:
            raise DeclarationError(
                f"Filters by metric must include the objective {objective.metric!r}, "
                f"but got {', '.join(self.filter)}. Add one for it."
            )

    def _how(self) -> str:
        if self.format == "json":
            return "as JSON lines"
        if self.format != "text":
            return f"as {self.format} writes"
        return "by the default filter name=value" if self.filter is None else f"by the filter {self.filter!r}"


class Stdout(_LineSource):
    r"""What the program prints, standard error included.

    Example::

        Stdout(format="json")
        Stdout(format="keras")
        Stdout(filter=r"(?P<name>\w+): (?P<value>\S+)", step="epoch")
        Stdout(filter={"loss": r"validation loss (?P<value>\S+)"})

    :param format: ``"text"`` (default); ``"json"``: one object a line, perhaps after a prefix; its keys are metric names, a
        nested one as ``val/loss``; numbers may be strings, as Katib wants them, and a key ``timestamp`` (RFC 3339 or seconds
        since 1970) is the point's time; ``"csv"``: rows below a header; ``"yaml"``: ``name: value``, one a line; or what a
        framework prints: ``"catboost"``, ``"huggingface"``, ``"keras"``, ``"lightgbm"``, ``"lightning"``, ``"tqdm"``,
        ``"xgboost"``. Other lines are skipped.
    :param filter: for text: a regular expression with the groups ``name`` and ``value`` (or two unnamed ones), several
        of them, or a mapping from metric to an expression with the group ``value``; a group ``step`` is optional. Tried on
        the first 4,096 characters of a line. A match that takes half of a number or of a name gives no value, and fails the
        attempt where it would be the value that counts; so does an expression that takes half a second for a line. None
        for ``name=value``, see :data:`airflow_hpo.core.metrics.default_filter.DEFAULT_FILTER`.
    :param timestamps: lines begin with an RFC 3339 time and a blank, which is the point's time; lines that do not are
        read all the same.
    :param step: name under which a line gives the step of its metrics, such as ``epoch``; None when it gives none. A step says
        where a value stands in the series that pruners and curves are made of, and not whether it counts; without one, or
        when it is taken, a value follows the greatest step. What frameworks print has a place for it, which goes first.
    :raises DeclarationError: when a filter does not compile or lacks its groups.
    """

    type: Literal["stdout"] = "stdout"

    def describe(self) -> str:
        """Return in words where and how metrics are read."""
        return f"the output read {self._how()}"


class File(_LineSource):
    """A file that the program writes; followed while it runs, also when it appears late, is truncated or rotated.

    What the file held before the program started is skipped: let each trial write its own, such as
    ``metrics-{{ trial.number }}.log``.

    Example::

        File("/tmp/metrics-{{ trial.number }}.log")

    :param path: the file; a relative one starts at the program's working directory. Templated. Programs that run at once on one
        machine need one each; every pod has its own folder.
    :param format: ``"text"`` (default), ``"json"`` or another one, as for :class:`Stdout`.
    :param filter: regular expressions for text, as for :class:`Stdout`; None for ``name=value``.
    :param timestamps: lines begin with an RFC 3339 time, as for :class:`Stdout`.
    :param step: name under which a line gives its step, as for :class:`Stdout`.
    :raises DeclarationError: when the path is missing or a filter is wrong.
    """

    type: Literal["file"] = "file"
    path: str = Field(min_length=1)

    def __init__(self, path: str | None = None, **options: Any) -> None:
        super().__init__(**({} if path is None else {"path": str(path)}), **options)

    def rendered(self, render: Callable[[str], str]) -> Self:
        """Return the file of one trial, with its templates rendered."""
        path = render(self.path)
        if not path:
            raise DeclarationError(
                f"A metrics file has a path, but {self.path!r} became an empty one. Write File('metrics-{{{{ trial.number }}}}.log')."
            )
        return self.model_copy(update={"path": path})

    def describe(self) -> str:
        """Return in words where and how metrics are read."""
        return f"the file {self.path!r} read {self._how()}"


class TerminationMessage(_LineSource):
    """The last words of the program, written to the file that ``HPO_TERMINATION_LOG`` names; read once, at the end.

    In a pod that file is the container's termination message, of which Kubernetes keeps the last 4,096 bytes; on one
    machine no more is read either.

    Example::

        TerminationMessage(format="json")

    :param format: ``"text"`` (default), ``"json"`` or another one, as for :class:`Stdout`.
    :param filter: regular expressions for text, as for :class:`Stdout`; None for ``name=value``.
    :param timestamps: lines begin with an RFC 3339 time, as for :class:`Stdout`.
    :param step: name under which a line gives its step, as for :class:`Stdout`.
    :raises DeclarationError: when a filter is wrong.
    """

    type: Literal["termination_message"] = "termination_message"

    def describe(self) -> str:
        """Return in words where and how metrics are read."""
        return f"the termination message read {self._how()}"


MetricSource = Annotated[Stdout | File | TerminationMessage, Discriminator("type"), Field(title="MetricSource")]

__all__ = ["DEFAULT_FILTER", "File", "MetricSource", "Stdout", "TerminationMessage"]
