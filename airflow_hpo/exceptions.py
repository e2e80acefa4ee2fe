"""Errors that this package raises.

HpoError
├── PermanentHpoError            repeating the same call cannot help: Airflow must not retry
│   ├── DeclarationError         a study, space, sampler or trial is declared wrongly
│   ├── StudyNotFoundError       no study of that name is in the store
│   ├── StudyPurgedError         trials of the edition were deleted, so that no task works on it
│   ├── StudyConflictError       the stored study was declared otherwise
│   ├── StudyOverError           the study is over and gives no further trial
│   ├── OwnerError               the study or parameter set belongs to another DAG or task group
│   ├── OwnerNotFoundError       the study or parameter set has no owner
│   ├── ParameterSetNotFoundError  no parameter set, or no version of it, has that name
│   ├── ChampionChangedError     the champion is another version than the caller believes
│   ├── OlderDataError           a promotion was found on older data than the champion
│   ├── ApprovalError            what is to be promoted was not approved
│   ├── ComparisonError          there is nothing to compare, or no such comparison
│   ├── ArchiveError             trials that are to be deleted cannot be archived
│   ├── StoreRefusedError        the database must not be used (Airflow's own schema, unknown dialect)
│   └── StoreNotMigratedError    the database lacks our tables or has older ones
│       └── StoreRevisionError   its tables are those of another version: tasks wait for an upgrade first
├── TransientHpoError            the same call may succeed later: Airflow may retry
│   ├── StoreUnavailableError    the database does not answer, or takes no changes
│   ├── StudyLockedError         another process held the study's lock for too long
│   └── StudyBusyError           another DAG run works on the edition
└── TrialFailedError             one attempt of a trial failed; carries the kind and the reason
    └── ClusterError             Kubernetes did not do what it was asked
        ├── ClusterRefusedError      a person has to mend something first
        │   └── ClusterForbiddenError    a right is missing
        └── ClusterUnavailableError  the same call may succeed later
            └── ClusterFullError         a quota is full: the call succeeds once others have ended
"""

from enum import StrEnum


class HpoError(Exception):
    """Base of every error of this package.

    Example::

        def margin() -> float:
            try:
                return HpoHook().champion("bikes").params["margin"]
            except HpoError:
                return 0.1
    """


class PermanentHpoError(HpoError):
    """Repeating the same call cannot help."""


class DeclarationError(PermanentHpoError):
    """A study, space, sampler or trial is declared wrongly."""


class StudyNotFoundError(PermanentHpoError):
    """No study of that name is in the store."""


class StudyPurgedError(PermanentHpoError):
    """Trials of the edition were deleted by a purge, so that no task works on it any more."""


class StudyConflictError(PermanentHpoError):
    """The stored study was declared with another space, direction or objective."""


class OwnerError(PermanentHpoError):
    """The study or parameter set belongs to another DAG or task group."""


class OwnerNotFoundError(PermanentHpoError):
    """The study or parameter set has no owner."""


class ComparisonError(PermanentHpoError):
    """There is nothing to choose from or to compare, or no comparison of that number."""


class ParameterSetNotFoundError(PermanentHpoError):
    """No parameter set of that name, or no such version of it, is in the store."""


class ChampionChangedError(PermanentHpoError):
    """The champion is another version than the one that the caller decided against."""


class OlderDataError(PermanentHpoError):
    """The parameters were found on data that end earlier than those of the champion."""


class ApprovalError(PermanentHpoError):
    """What is to be promoted comes after an approval task, and no answer approves it."""


class ArchiveError(PermanentHpoError):
    """Trials that are to be deleted cannot be archived, so they stay."""


class StoreRefusedError(PermanentHpoError):
    """The database must not be used for studies."""


class StoreNotMigratedError(PermanentHpoError):
    """The database lacks our tables or has those of another version."""


class StoreRevisionError(StoreNotMigratedError):
    """The tables are those of another version: tasks wait for an upgrade for ``[hpo] database_patience`` before they fail.

    :param reason: one sentence for people, with what mends it.
    :param found: the revision of the tables.
    :param needed: the revision that this version works with.
    """

    def __init__(self, reason: str, found: str = "", needed: str = "") -> None:
        super().__init__(reason)
        self.found = found
        self.needed = needed


class StudyOverError(PermanentHpoError):
    """The study is over, so that a request without a trial gets none."""


class TransientHpoError(HpoError):
    """The same call may succeed later."""


class StoreUnavailableError(TransientHpoError):
    """The database does not answer, or takes no changes."""


class StudyLockedError(TransientHpoError):
    """Another process held the study's lock for too long."""


class StudyBusyError(TransientHpoError):
    """Another DAG run works on the edition and has not ended."""


class FailureKind(StrEnum):
    """Who is to blame for a failed attempt: retry rules depend on it."""

    PROGRAM = "program"
    INFRASTRUCTURE = "infrastructure"
    KILLED = "killed"
    NO_OUTPUT = "unheard"
    """It ended well without any output: it printed none, or the container runtime lost it. Stored under its older name."""
    NO_NEWS = "no_news"
    """It wrote neither a line nor a metric for longer than it may (``no_news_after``), and was ended."""


class TrialFailedError(HpoError):
    """One attempt of a trial failed.

    Example::

        def loss(trial):
            if trial.params["x"] > 4:
                raise TrialFailedError("The simulator diverges above 4.")
            return trial.params["x"] ** 2

    :param reason: one sentence for people, kept on the attempt.
    :param kind: who is to blame, a :class:`FailureKind` or its value: ``"program"``, ``"infrastructure"``, ``"killed"``,
        ``"unheard"`` or ``"no_news"``; retry rules depend on it.
    :param lasting: whether another attempt would fail in the same way, so that none is made, whatever the retries.
    :raises ValueError: when the kind is none of these.
    """

    def __init__(self, reason: str, *, kind: FailureKind | str = FailureKind.PROGRAM, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = FailureKind(kind)
        self.lasting = lasting


class ClusterError(TrialFailedError):
    """Kubernetes did not do what it was asked; an attempt that needs it fails with this very error.

    :param reason: one sentence for people, with what mends it.
    :param kind: who is to blame for the attempt that fails with it.
    :param status: HTTP status; None when there was no answer.
    :param cause: Kubernetes' own name of the reason, such as ``"AlreadyExists"``; empty when it gave none.
    :param retry_after: seconds after which Kubernetes wants to be asked again; None when it named none.
    :param lasting: whether the same pod is refused however often it is asked for, so that no further attempt is made.
    """

    def __init__(
        self,
        reason: str,
        *,
        kind: str = "infrastructure",
        status: int | None = None,
        cause: str = "",
        retry_after: float | None = None,
        lasting: bool = False,
    ) -> None:
        super().__init__(reason, kind=kind, lasting=lasting)
        self.status = status
        self.cause = cause
        self.retry_after = retry_after


class ClusterRefusedError(ClusterError):
    """Kubernetes refuses a call, or no cluster is named: a person has to mend something first."""


class ClusterForbiddenError(ClusterRefusedError):
    """A right is missing; where it was there before it is waited for."""


class ClusterUnavailableError(ClusterError):
    """Kubernetes does not answer, or not now: the same call may succeed later."""


class ClusterFullError(ClusterUnavailableError):
    """A quota is full: the same call succeeds once others have ended."""


class TrialPruned(Exception):
    """Raised by a trial's own code to end it as pruned; an outcome, not an error.

    Example::

        def loss(trial):
            for step in range(100):
                trial.report(value := trial.params["x"] ** step, step=step)
                if trial.should_prune():
                    raise TrialPruned
            return value
    """
