"""Simulations of a study's trials: trials of its companion edition, which together give the study's trials their results."""

import logging
from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from airflow_hpo.core.act import ActKind, state_without_result
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.scenarios import Settled, flat_keys, main_key, settled
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord, TrialRequest, TrialState
from airflow_hpo.core.trial_key import companion_of, first_key, is_companion, main_of, rerun_key
from airflow_hpo.storage import acts, attempts, editions, slots
from airflow_hpo.studies.attempted import simulations_of
from airflow_hpo.studies.finish import amend
from airflow_hpo.studies.store import Store

logger = logging.getLogger(__name__)


def simulated(store: Store, edition: Edition, trials: Sequence[TrialRequest]) -> list[TrialRequest]:
    """Return one request for each scenario of each trial, or the trials themselves where a trial is one simulation."""
    scenarios = edition.study.listed_scenarios
    if not scenarios or not trials:
        return list(trials)
    companion, by_key = companion_of(edition.name), dict[str, tuple[TrialRequest, Scenario]]()
    for trial in trials:
        keys = flat_keys(trial.key, len(scenarios))
        by_key |= {key: (trial, scenario) for key, scenario in zip(keys, scenarios, strict=True)}
    wanted = {key: (scenario.name, trial.number or 0) for key, (trial, scenario) in by_key.items()}
    found = store.optuna.add(companion, store.edition(companion).study, wanted)
    # Only now: who ends a trial while its simulations are written sees them, or is seen here.
    for number in store.read(acts.ends, edition.name).keys() & {trial.number for trial in trials}:
        end_parts(store, edition.name, number)
    return [_told(edition.study, request, *by_key[request.key]) for request in found]


def _given_up(
    store: Store,
    session: Session,
    main: str,
    study: Study,
    trial: TrialRecord,
    told: TrialRecord,
    parts: Sequence[TrialRecord],
) -> Settled | None:
    """Give a trial up that is clearly worse than the best one after its first scenarios: those that have not begun do not begin."""
    if study.pruner.name == "none" or told.value is None:
        return None
    own, places = own_trials(parts), [scenario.name for scenario in study.listed_scenarios]
    values = {places.index(str(one.params["scenario"])): one.value for one in own if one.value is not None}
    judged = store.optuna.pruning(main, study, trial.number).judge(
        {places.index(str(told.params["scenario"])): told.value}
    )
    if judged.verdict is None:
        store.optuna.set_intermediate_values(main, trial.number, values, within=session.connection(), whole=True)
        return None
    logger.info("Trial %s is given up, and what has not begun of it does not begin: %s", trial.number, judged.verdict)
    companion = companion_of(main)
    begun = {attempt.number for attempt in attempts.running(session, companion)}
    for one in own:
        if not one.state.finished and one.number not in begun:
            store.optuna.tell(companion, one.number, TrialState.PRUNED, within=session.connection())
            slots.give_back(session, companion, one.number, another_attempt=False)
    return Settled(TrialState.PRUNED, steps=values)


def end_parts(store: Store, main: str, number: int) -> None:
    """Have the open simulations of a trial end that a person has ended; repeating it changes nothing."""
    companion = companion_of(main)
    with store.session() as session:
        editions.row_id(session, companion, lock=True)
        by = next(act.by for act in acts.of(session, main) if act.act is ActKind.END and act.number == number)
        known = acts.ends(session, companion)
        for part in open_parts(store, main, number):
            if part not in known:
                acts.note(session, companion, ActKind.END, by, part)


def open_parts(store: Store, main: str, number: int) -> list[int]:
    """Return the simulations of a trial that have no end yet."""
    parts = simulations_of(store, main).get(number, ())
    return [part.number for part in parts if part.state is TrialState.RUNNING]


def why_not_begun(store: Store, companion: str, simulation: TrialRecord) -> str | None:
    """Say why a simulation was pruned that never began: its trial had been given up; None for any other."""
    if simulation.part_of is None or simulation.state is not TrialState.PRUNED:
        return None
    if store.read(attempts.any_begun, companion, [simulation.number]):
        return None
    parts = store.optuna.parts(companion, simulation.part_of)
    after = ", ".join(str(part.params["scenario"]) for part in parts if part.value is not None)
    return f"It did not begin, because its trial was clearly worse than the best one after {after} and was given up."


def complete_parts(store: Store, edition: Edition) -> None:
    """Write the simulations of running trials that have none yet, because the task that asked for them was killed."""
    if not edition.study.scenarios:
        return
    running = [one for one in store.optuna.records(edition.name) if one.state is TrialState.RUNNING and one.key]
    known = {one.part_of for one in store.optuna.records(companion_of(edition.name), details=False)} if running else ()
    asked = [one for one in running if one.number not in known and "#" not in (one.key or "")]
    simulated(store, edition, [_request(edition.name, one) for one in asked])


def _request(edition: str, record: TrialRecord) -> TrialRequest:
    return TrialRequest(study=edition, key=record.key or "", number=record.number, params=record.params)


def is_asked(edition: Edition, key: str, asked: Collection[str]) -> bool:
    """Say whether a simulation is of a trial that was asked for: it runs without any further room in the budget."""
    return bool(edition.study.scenarios) and main_key(key, edition.study.simulations)[0] in asked


def _told(study: Study, simulation: TrialRequest, trial: TrialRequest, scenario: Scenario) -> TrialRequest:
    """A scenario's seed is the same for all trials: they are compared in pairs."""
    told = {"params": trial.params, "scenario": scenario, "part_of": trial.number, "period": scenario.period}
    seed = derived_seed(study.seed, main_of(simulation.study), scenario.name)
    return simulation.model_copy(update={**told, "seed": seed})


def open_again(store: Store, companion: str, simulation: TrialRecord) -> None:
    """Have the trial of a simulation that runs again wait for its result: a new trial in place of one that has ended."""
    if simulation.part_of is None:
        return
    main = main_of(companion)
    trial = store.optuna.latest(main, simulation.part_of)
    if trial.state.finished:
        store.optuna.rerun(main, trial.number, rerun_key(first_key(trial.key or ""), trial.number))


def settle(store: Store, session: Session, companion: str, told: TrialRecord) -> None:
    """Give a trial its result once the last of its simulations has ended, which the same transaction tells."""
    if told.part_of is None or not is_companion(companion):
        return
    main = main_of(companion)
    # A task that ends another simulation of the trial at the same time waits here, and then sees this one.
    editions.row_id(session, main, lock=True)
    study, trial = editions.get(session, main).study, store.optuna.latest(main, told.part_of)
    if trial.state.finished:
        return
    mine = [told if one.number == told.number else one for one in store.optuna.parts(companion, told.part_of)]
    failed = [one.number for one in mine if one.state is TrialState.FAIL]
    found = settled(mine, study, attempts.lost_by_infrastructure(session, companion, failed))
    if found is None:
        found = _given_up(store, session, main, study, trial, told, mine)
    if found is None:
        return
    connection, state = session.connection(), found.state
    if state is TrialState.FAIL:
        state = state_without_result(trial.number, acts.ends(session, main))
    if found.steps:
        store.optuna.set_intermediate_values(main, trial.number, found.steps, within=connection, whole=True)
    result = store.optuna.tell(main, trial.number, state, found.value, found.metrics, within=connection)
    if result.replaces is not None:
        amend(store, session, main, result)
