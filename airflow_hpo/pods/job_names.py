"""Names of Jobs and of their pods; nothing of it loads Kubernetes' client."""

import re

from airflow_hpo.exceptions import DeclarationError

JOB = "batch.kubernetes.io/job-name"
INDEX = "batch.kubernetes.io/job-completion-index"
FIRST = f"{INDEX}=0"
NAME_LENGTH = 55
"""Of a Job, so that Kubernetes leaves the names of its pods, ``<job>-0-<random>``, whole."""

_POD_NAME = re.compile(r"^(?P<job>.+)-0-[a-z0-9]{5}$")


def checked_count(pods: int) -> int:
    """Return a number of pods that a Job can have."""
    if isinstance(pods, bool) or not isinstance(pods, int) or pods < 1:
        raise DeclarationError(f"A trial's Job has 1 or more pods, but got {pods!r}. Say how many.")
    return pods


def job_name(name: str) -> str:
    """Return the name of a trial's pod, cut to what a Job may be called; the tail that tells attempts apart stays."""
    head, *tail = name.rsplit("-", 3)
    rest = "-".join(tail)
    return f"{head[: NAME_LENGTH - len(rest) - 1].rstrip('-')}-{rest}"


def job_of(name: str) -> str:
    """Return the name of the Job that a pod of index 0 belongs to; a Job's own name stays."""
    found = _POD_NAME.match(name)
    return found["job"] if found else name
