"""Stop of a study, and the check whether trials that still run have to end because it is over."""

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_hpo.core.act import ActKind
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.study import WhenOver
from airflow_hpo.core.trial import TrialState
from airflow_hpo.core.trial_key import is_companion, main_of
from airflow_hpo.storage import acts, editions
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.attempted import attempted, is_part_of_begun
from airflow_hpo.studies.status import status, status_of
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.timeout_clock import kept_time


@dataclass(frozen=True, slots=True)
class Stop:
    """What a person's request to stop a study has come to."""

    edition: Edition
    over: str | None
    """Why the study is over in any case; None when the request ends it."""
    again: bool
    """Whether it was stopped before."""
    running: Sequence[int]
    """Numbers of the trials that run."""
    waiting: Sequence[int]
    """Numbers of the trials that were suggested and do not start any more."""

    @property
    def lines(self) -> list[str]:
        """What it has come to, for the person who asked."""
        edition, waiting = self.edition, self.waiting
        if edition.finished is not None:
            return [f"{edition.name} has finished, and there is nothing to stop. {edition.reason or ''}".rstrip()]
        if self.over is not None:
            lines = [f"{edition.name} is over already. {self.over}"]
        else:
            how = "was stopped before" if self.again else "is stopped"
            lines = [f"{edition.name} {how}: nothing further is started. Reason: {edition.stop_reason}"]
        if waiting and (self.over is None or edition.study.when_over == "stop"):
            lines.append(
                f"{named_trials(waiting)} suggested and not begun; what has not begun does not start any more."
            )
        fate = "left to finish" if edition.study.when_over == "finish" else "ended"
        return [*lines, f"{named_trials(self.running)} running and {fate}." if self.running else "Nothing runs."]


def named_trials(numbers: Sequence[int]) -> str:
    """Return the subject of a sentence about some trials."""
    shown = ", ".join(map(str, numbers))
    return f"Trial {shown} is" if len(numbers) == 1 else f"Trials {shown} are"


def request_stop(store: Store, name: str, reason: str, running: WhenOver | None = None, by: str | None = None) -> Stop:
    """Let a study start nothing further; what runs is left to finish or ended. Repeating it keeps the first reason."""
    before = status(store, name)
    edition = before.edition
    if edition.finished is None:
        with store.session() as session:
            if not before.verdict.over:
                edition = editions.request_stop(session, name, reason)
                if by and before.edition.stop_reason is None and edition.stop_reason == reason:
                    acts.note(session, name, ActKind.STOP, by, details={"reason": reason})
            if running is not None:
                edition = editions.redeclare(session, name, edition.study.model_copy(update={"when_over": running}))
    over = before.verdict.reason or edition.reason or "" if before.verdict.over or edition.finished else None
    again = edition.stop_reason is not None and before.edition.stop_reason is not None
    return Stop(edition, None if again else over, again, *open_trials(store, name))


def open_trials(store: Store, name: str) -> tuple[list[int], list[int]]:
    """Return the trials that run and those that have not begun."""
    records = store.optuna.records(name, details=False)
    numbers = [record.number for record in records if record.state is TrialState.RUNNING]
    begun = attempted(store, store.read(editions.get, name), records).ever_begun
    return [n for n in numbers if n in begun], [n for n in numbers if n not in begun]


@retried
def must_not_start(store: Store, edition: Edition, number: int) -> str | None:
    """Return why a trial that has not begun must not begin any more; None when it may.

    It was suggested before the study was over, and its task had to wait.
    """
    reason = _reason(store, edition, starting=True)
    return None if reason is None or _goes_on(store, edition, number) else reason


def must_be_withdrawn(store: Store, name: str, number: int) -> bool:
    """Say whether a trial that waits for the start of its program ends with its study, whatever becomes of those that run."""
    return not (is_companion(name) and _goes_on(store, store.edition(name), number))


def _goes_on(store: Store, edition: Edition, number: int) -> bool:
    """Say whether a trial is a simulation of a trial that runs, which is left to finish."""
    return edition.study.when_over == "finish" and is_part_of_begun(store, edition, number)


def reason_to_end(store: Store, edition: str, *, unbegun: bool = False) -> str | None:
    """Look whether the running trials of an edition must end: it is over, and was declared to end them then.

    A trial that waits for the start of its program ends with its study in any case, also when its timeout passes.
    What runs after the study has been summed up was started by a person who cleared it, and goes on.
    """
    return _reason(store, store.edition(edition), unbegun=unbegun)


def _reason(store: Store, found: Edition, *, starting: bool = False, unbegun: bool = False) -> str | None:
    stopped = starting and found.stop_reason is not None
    if found.finished is not None or not (stopped or unbegun or found.study.when_over == "stop"):
        return None
    # Simulations end with their study, and of how many there are nothing depends.
    main = store.edition(main_of(found.name))
    main = main if starting else kept_time(store, main)
    verdict = status_of(store, main, store.optuna.records(main.name, details=False)).verdict
    what = "was not started" if starting or unbegun else "was ended before it had finished"
    return f"The trial {what}. {verdict.reason}" if verdict.over else None
