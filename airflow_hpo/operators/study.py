"""Operators that open a study, suggest its trials and finish it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from airflow.sdk import BaseOperator, Context, TriggerRule
from airflow.sdk.configuration import conf as airflow_conf
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.comparison.guardrails_in_search import constrained
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.advice import advice
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.form import Asked
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.owner import Owner
from airflow_hpo.core.parameter_set import ParameterVersion, check_name
from airflow_hpo.core.scenarios import as_laid_out, in_period
from airflow_hpo.core.space.completion import changes, completed, lacking_sentence
from airflow_hpo.core.study import Study, checked_study
from airflow_hpo.core.trial_key import group_of
from airflow_hpo.core.window import Window, checked_window
from airflow_hpo.core.window_form import window_text
from airflow_hpo.core.zone import zone
from airflow_hpo.exceptions import DeclarationError, ParameterSetNotFoundError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.study_watch import StudyWatch
from airflow_hpo.operators.asked import NOBODY, asked_of, field_prefix, without_prefix
from airflow_hpo.operators.asset_events import AssetEventOperator
from airflow_hpo.operators.context import (
    current_edition,
    facts_of,
    period_of,
    permanent_errors_end_the_task,
    reference_of,
    run_start,
    task_try_of,
    timezone_of,
    zone_of_schedule,
)
from airflow_hpo.operators.edition import EditionOperator
from airflow_hpo.operators.report import write_report
from airflow_hpo.operators.selection import SelectCandidatesOperator
from airflow_hpo.operators.study_asset import study_asset
from airflow_hpo.operators.study_tasks import require_start, states_before, trouble
from airflow_hpo.operators.windows import other_windows, window_in
from airflow_hpo.operators.windows import without_prefix as windows_without_prefix
from airflow_hpo.parameter_sets.history import champion_until
from airflow_hpo.storage import acts, editions
from airflow_hpo.storage.asset_events import EventKey
from airflow_hpo.studies.drain import waits_with_batch
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import enter_champion, open_edition, opening_of, run_before
from airflow_hpo.studies.owner import claim_study
from airflow_hpo.studies.stop_rule import ask_rule
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import reserve, results_before, suggest
from airflow_hpo.triggers.study import LONGEST_WAIT, StudyEvent, StudyTrigger

FIRST_EVENT = 10.0
"""Seconds within which the event of an edition that ended is there."""


class StudyStartOperator(EditionOperator):
    """Creates an edition of a study, or reopens it.

    A study belongs to the first task group that starts it. While another DAG run works on the same edition, the task waits
    in the triggerer for the end of that run. Other editions of the study that a DAG run left unfinished when it ended as
    ``failed`` or ``success`` are ended: their running trials are given up as lost.

    Example::

        study = Study(name="valley", objective="loss", space={"x": Float(-1.0, 1.0)}, max_trials=20)
        StudyStartOperator(task_id="start", study=study, parameter_set="valley")

    :param study: the declaration.
    :param run: a value that is different for each edition; the same value reopens the same edition. Templated.
    :param parameter_set: parameter set that holds the champion, which is tried first where it fits the space; None for no such trial.
        In a run about earlier data than the champion's it is the newest version that was not found on later data.
    :param rule: rule of which the guardrails are constraints of a new edition; None for none.
    :param window: what data the trials work on, relative to the run; it is cut into the scenarios of a study that has a length of them.
    :param layout: for how many trials the tasks that follow were laid out, which bounds what a person may ask for; None: any number.
    :param form: whether the DAG run may be triggered with other settings, in params that begin with the id of the task group.
    :param hpo_conn_id: connection of the study database.
    :raises DeclarationError: when another task of the DAG opens the study too, and they do not share it.
    :raises AirflowFailException: when the DAG run was triggered with a setting that is not possible, when the study belongs to another DAG or task group, or searches for something else, or a later
        task is to move the champion of another DAG's parameter set, or is to compare a champion that has no value of a parameter.
    """

    template_fields: Sequence[str] = ("run",)

    def __init__(
        self,
        *,
        study: Study,
        run: str = "{{ run_id }}",
        parameter_set: str | None = None,
        rule: ComparisonRule | None = None,
        window: Window | None = None,
        layout: Layout | None = None,
        form: bool = False,
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.study = checked_study(study)
        self.rule = rule
        self.window = checked_window("window", window)
        as_laid_out(study, window)
        if isinstance(study.scenarios, str) and "{{" not in str(run):
            raise DeclarationError(
                f"Scenarios of a length are those of one run's window, so each run has an edition of its own, but got run={run!r}. "
                "Leave `run` out, or write run='{{ ds }}'."
            )
        self.run = run
        self.layout = layout
        self.form = form and layout is not None
        self.ranges = "run_id" in str(run)
        self.parameter_set = None if parameter_set is None else check_name(parameter_set)
        self.hpo_conn_id = hpo_conn_id
        self.check_alone()

    def execute(self, context: Context) -> str:
        """Return the edition's name."""
        with permanent_errors_end_the_task():
            self.check_run()
            hook, place = HpoHook(self.hpo_conn_id), task_try_of(context)
            self.refuse_sets_of_others(hook.store, place.task.dag_id)
            claim_study(hook.store, self.study, Owner.of(place.task))
            self.claim_evaluated(hook.store, Owner.of(place.task))
            champion = self._champion(hook)
            facts = facts_of(context)
            opening = opening_of(hook.store, self.study, self.run, place, facts)
            before = run_before(hook.store, self.study, opening, place)
            before = self.after_its_end(self.study.edition(self.run), before)
            # What is computed afresh is reckoned in the zone that the schedule has now.
            named = zone_of_schedule(context) if opening.afresh else timezone_of(hook.store, context)
            windows = other_windows(context) if self.form else {}
            opened = hook.store.read(editions.find_one, opening.name)
            study = constrained(self._in_run(context, named), self.rule, opened.study if opened else None)
            asked = replace(self._asked(context, study), windows=windows)
            edition = open_edition(hook.store, study, self.run, place, before, named, facts, opening, asked)
            self._enter_champion(hook.store, champion, edition, reference_of(context).moment)
            self.end_stopped(hook.store, but=edition.name)
        self.log.info("Study %s\n%s", edition.name, edition.study.to_yaml())
        for differs in filter(None, (edition.differs, hook.store.read(acts.windows_sentence, edition.name))):
            self.log.info("%s", differs)
        self.log_afresh(edition)
        reference = reference_of(context, zone(edition.timezone))
        self.log.info("Windows count from %s, in days of %s.", reference, edition.timezone)
        for remark in advice(edition.study):
            self.log.warning("%s", remark)
        return edition.name

    def _in_run(self, context: Context, timezone: str) -> Study:
        """Return the study with the scenarios that the window of the run is cut into, where it has a length of them."""
        if self.window is None:
            return self.study
        window = window_in(self.window, context)
        found, laid_out = (
            in_period(self.study, period_of(window, context, timezone)[0]),
            as_laid_out(self.study, self.window),
        )
        if window is not self.window and found.simulations > laid_out.simulations:
            raise DeclarationError(
                f"The tasks were laid out for {laid_out.simulations} scenarios of {self.study.scenarios} a trial, but {window_text(window)!r} "
                f"has {found.simulations}. Trigger a shorter window, or declare the longer one in the file."
            )
        return found

    def _asked(self, context: Context, study: Study) -> Asked:
        if not self.form or self.layout is None:
            return Asked(study, self.layout, NOBODY)
        prefix = field_prefix(group_of(self.task_id))
        for remark in [*without_prefix(context, study, self.layout, prefix), *windows_without_prefix(context)]:
            self.log.warning("%s", remark)
        return asked_of(context, study, self.layout, prefix, ranges=self.ranges)

    def _champion(self, hook: HpoHook) -> ParameterVersion | None:
        """Return the champion; one that cannot be compared ends the task before hours are spent.

        :raises DeclarationError: when a later task compares it, and it has no value of a parameter.
        """
        if self.parameter_set is None:
            return None
        try:
            champion = hook.champion(self.parameter_set)
        except ParameterSetNotFoundError:
            self.log.info("The parameter set %s has no champion yet.", self.parameter_set)
            return None
        whole = completed(self.study.space, champion.params, self.study.space_defaults)
        if whole.lacking:
            said = lacking_sentence(f"version {champion.version} of {champion.name!r}", whole, self.study.space)
            if self._is_compared():
                raise DeclarationError(said)
            self.log.warning("%s", said)
        return champion

    def _is_compared(self) -> bool:
        later = self.get_flat_relatives(upstream=False) if self.get_dag() else ()
        return any(isinstance(t, SelectCandidatesOperator) and t.parameter_set == self.parameter_set for t in later)

    def _enter_champion(
        self, store: Store, champion: ParameterVersion | None, edition: Edition, moment: datetime
    ) -> None:
        if champion is None:
            return
        found = champion_until(store, champion, moment)
        if found is not champion:
            until = champion.provenance.data_until
            then = "no earlier one was not" if found is None else f"version {found.version} takes its place"
            self.log.info(
                "The champion, version %s of %s, was found on data up to %s, which end after those of this run; %s.",
                *(champion.version, champion.name, until, then),
            )
        if found is None:
            return
        whole = completed(self.study.space, found.params, self.study.space_defaults)
        for change in changes(f"Version {found.version} of {found.name!r}", whole, self.study.space):
            self.log.warning("%s", change)
        entered = enter_champion(store, edition, whole.params)
        then = "is the first trial" if entered else "does not fit the search space and its constraints and is no trial"
        self.log.info("The champion, version %s of %s, %s.", found.version, found.name, then)


class StudySuggestOperator(BaseOperator):
    """Suggests the trials of one batch, as many as slots are free.

    Running it again returns the same trials.

    Example::

        StudySuggestOperator(task_id="suggest", edition="valley@{{ run_id }}", batch=1)

    :param edition: the edition: ``<study>@<run>``. Templated.
    :param batch: number of the batch, from 1.
    :param lazy: return requests without parameters, as many as the study can still need; each trial then asks for its own
        parameters just before it runs.
    :param most_lazy: how many such requests at most; None for as many as one mapped task holds (``[core] max_map_length``).
    :param window: what data the trials work on, relative to the run; None when their program decides.
    :param hpo_conn_id: connection of the study database.
    """

    template_fields: Sequence[str] = ("edition",)

    def __init__(
        self,
        *,
        edition: str,
        batch: int,
        lazy: bool = False,
        most_lazy: int | None = None,
        window: Window | None = None,
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.edition = edition
        self.batch = batch
        self.lazy = lazy
        self.most_lazy = most_lazy
        self.window = checked_window("window", window)
        self.hpo_conn_id = hpo_conn_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the trial requests, one for each index of the trial task."""
        if self.trigger_rule != TriggerRule.ALL_SUCCESS:
            require_start(self, context, self.edition.rpartition("@")[0])
        with permanent_errors_end_the_task():
            store, asker = HpoHook(self.hpo_conn_id).store, Owner.of(task_try_of(context).task)
            edition = current_edition(store, self.edition, context)
            name = edition.name
            ask_rule(store, name, self.log)
            if self.lazy:
                limit = airflow_conf.getint("core", "max_map_length", fallback=1024)
                requests = reserve(store, name, self.batch, min(limit, self.most_lazy or limit), asker)
            else:
                requests = suggest(store, name, self.batch, asker)
                if not requests and waits_with_batch(store, name):
                    self._wait_while_drained(context, name)
        self.log.info("Batch %s of %s: %s trials", self.batch, name, len(requests))
        if self.window:
            window = window_in(self.window, context)
            period, reference = period_of(window, context, edition.timezone)
            self.log.info("They work on %s, which is %s before %s", period, window, reference)
            requests = [request.model_copy(update={"period": request.period or period}) for request in requests]
            for line in results_before(store, requests[0].study if requests else name, requests):
                self.log.info("%s", line)
        for request in requests:
            self.log.info("  %s", request.label)
        return [request.to_dict() for request in requests]

    def execute_when_ready(self, context: Context, event: StudyEvent) -> list[dict[str, Any]]:
        """Go on after waiting while the study was drained."""
        return self.execute(context)

    def _wait_while_drained(self, context: Context, name: str) -> None:
        """Wait instead of ending without a trial: the batch would be used up."""
        ti = context["ti"]
        trigger = StudyTrigger(name, self.hpo_conn_id, "ready", dag_id=ti.dag_id, run_id=ti.run_id)
        self.defer(trigger=trigger, method_name="execute_when_ready", timeout=LONGEST_WAIT)


class StudyFinishOperator(AssetEventOperator):
    """Ends a study: gives up abandoned trials, returns the best one and updates the study's asset.

    The asset event carries the parameters. It is emitted once for each best trial of an edition, however often the task
    runs. A study of which no trial is feasible has a result without parameters, which says so, and emits no event.

    Example::

        study = Study(name="valley", objective="loss", space={"x": Float(-1.0, 1.0)}, max_trials=20)
        StudyFinishOperator(task_id="finish", study=study, trigger_rule="all_done")

    :param study: the declaration.
    :param run: the same as for the start. Templated.
    :param hpo_conn_id: connection of the study database.
    :param trial_task_id: id of a batch's trial task, with ``{batch}`` for its number; empty: abandoned trials are left alone.
    :param accept_incomplete: what happens when the study has no end, because a task that opens, fills or watches it failed or
        was skipped: False raises, and names the task; True returns the best trial so far, with ``end`` ``"incomplete"``
        and the reason. Such a result is neither selected nor promoted.
    :raises AirflowFailException: when too many trials failed, none is complete, or the study has no end.
    :raises AirflowSkipException: when the start of the study was skipped.
    """

    template_fields: Sequence[str] = ("run",)

    def __init__(
        self,
        *,
        study: Study,
        run: str = "{{ run_id }}",
        hpo_conn_id: str = HpoHook.default_conn_name,
        trial_task_id: str = "",
        accept_incomplete: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(asset=study_asset(checked_study(study).name), **kwargs)
        self.study = study
        self.run = run
        self.hpo_conn_id = hpo_conn_id
        self.trial_task_id = trial_task_id
        self.accept_incomplete = accept_incomplete

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the best trial, the counts, and ``answered``: what was not measured since the DAG run started."""
        require_start(self, context, self.study.name)
        with permanent_errors_end_the_task():
            store, ti = HpoHook(self.hpo_conn_id).store, context["ti"]
            name = current_edition(store, self.study.edition(self.run), context).name
            status = StudyWatch(store, name, ti.dag_id, ti.run_id, self.trial_task_id).look_and_reap()
            cause = None if status.ended else trouble(states_before(self, context, self.study.name))
            summary = finish(store, status, cause, accept_incomplete=self.accept_incomplete, since=run_start(context))
        self.log.info("%s", summary.text)
        write_report(store, name)
        if summary.failure:
            raise AirflowFailException(summary.failure)
        best = summary.data["number"]
        if best is None:
            return summary.data  # an event would hand on parameters, and there are none
        self.emit_once(context, store, summary.data, EventKey.of_best(name, best))
        return summary.data
