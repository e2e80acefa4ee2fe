"""Placement of an attempt: the process or the pod that runs it, as far as it is known."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an attempt runs; None for what is not known, or not yet."""

    host: str | None = None
    """Of the worker that runs it as a process of its own."""
    pid: int | None = None
    """Process id of the task on that host."""
    pod: str | None = None
    """Name of its pod; of a Job, that of index 0."""
    namespace: str | None = None
    node: str | None = None
    """Known once Kubernetes has scheduled the pod."""
    image: str | None = None
    """With its digest, once the container has started."""
    image_tag: str | None = None
    """As the pod names the image, once its digest is known; None for pods of before this was stored."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build it from what :meth:`to_dict` returned; keys of other versions are ignored."""
        known = {field.name: data[field.name] for field in fields(cls) if data.get(field.name)}
        return cls(**{**known, "pid": int(known["pid"])} if "pid" in known else known)

    def to_dict(self) -> dict[str, Any]:
        """Return what is known, as plain JSON-able data."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __bool__(self) -> bool:
        return self != UNKNOWN


UNKNOWN = Placement()
