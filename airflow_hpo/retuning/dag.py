"""DAG of a retuning: it tunes, compares, asks a person and promotes on a schedule."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from airflow.sdk import DAG

from airflow_hpo.comparison.number_format import listed
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.names import id_form
from airflow_hpo.core.offset import offset_of
from airflow_hpo.core.study import Study, checked_study
from airflow_hpo.core.window import Window, check_apart, check_order, checked_window, checked_windows
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.notifications.hpo import HpoNotifier
from airflow_hpo.operators.edition import EditionOperator
from airflow_hpo.operators.scenarios import Scenarios, checked
from airflow_hpo.operators.selection import at_least_one
from airflow_hpo.retuning.approval import Approval
from airflow_hpo.retuning.cycle import Cycle, Qa, studies_of
from airflow_hpo.task_groups.backends import TrialBackend
from airflow_hpo.task_groups.checks import check_places, refuse_unknown_argument
from airflow_hpo.task_groups.compare import checked_rule
from airflow_hpo.task_groups.pipeline import GroupTrial
from airflow_hpo.task_groups.tune import Dispatch

FIRST = datetime(2020, 1, 1)
BY_A_PERSON = Approval()


def retuning_dag(
    dag_id: str | None = None,
    *,
    study: Study,
    trial: TrialBackend | GroupTrial,
    tuning: Window | Sequence[Window],
    test: Window,
    validation: Window | None = None,
    scenarios: Scenarios = "1d",
    variants: Sequence[str] | None = None,
    replicates: int = 1,
    finalists: int = 3,
    challengers: int = 1,
    rule: ComparisonRule | None = None,
    parameter_set: str | None = None,
    approval: Approval | None = BY_A_PERSON,
    qa: Qa | None = None,
    notify: HpoNotifier | None = None,
    mirror: bool = False,
    allow_other_owner: bool = False,
    allow_older: bool = False,
    allow_tuning_after_test: bool = False,
    dispatch: Dispatch = "batches",
    form: bool = True,
    hpo_conn_id: str = HpoHook.default_conn_name,
    pool: str | None = None,
    priority_weight: int = 1,
    schedule: Any = "@monthly",
    start_date: datetime | None = None,
    default_args: dict[str, Any] | None = None,
    **dag_arguments: Any,
) -> DAG:
    """Build the DAG of a whole retuning: tune, re-evaluate, compare with production, decide, ask, promote.

    The champion is the first trial. The best finalists are measured again where the tuning did not look, because the winner
    of many noisy trials was also lucky; the best challenger then meets the champion on the test window, under the same
    scenarios and seeds. The decision is promote, keep or inconclusive; only the first changes anything, and only once.

    Example::

        dag = retuning_dag(
            study=Study(name="bikes", objective="cost", space={"margin": Float(0.0, 0.5)}, max_trials=24),
            trial=ProcessTrial(["python", "plan.py", "--margin={{ trial.params.margin }}"]),
            tuning=Window("-20w", "-8w"),
            test=Window("-8w"),
            scenarios="1d",
            schedule="@monthly",
        )

    :param dag_id: None for ``retune_<study>``; of a name in other letters than ASCII its form in ASCII, and the name is displayed.
    :param study: what is tuned; the same every time. ``warm_start`` takes over what earlier editions found.
    :param trial: what runs trials and evaluations; its program works on ``trial.period`` and, when evaluated, under
        ``trial.scenario`` and ``trial.variant``.
    :param tuning: the window that trials work on, relative to the end of the run's data interval; or a list of windows, to see how recent the
        data must be. The study is then tuned on each, one after another and with its whole budget, as ``<study>/16w-8w`` for
        ``Window("-16w", "-8w")``, in the task group ``tune_16w-8w``; the best of each meet the champion in one comparison, and the report
        says which window paid.
    :param test: the window of the comparison with the champion.
    :param validation: the window on which finalists are measured again; None for the tuning window with fresh seeds, where there is one.
    :param scenarios: how a window is cut into scenarios (``"1d"``, ``"1w"``), a list of them, or a function of the period.
    :param variants: ways in which each scenario is run, such as ``["model", "fallback"]``; None for one.
    :param replicates: how often each is repeated with another seed, 1 or more; each further look adds as many.
    :param finalists: how many of the best trials are measured again, 1 or more; of each tuning window as many.
    :param challengers: how many of those meet the champion, 1 to ``finalists``; of each tuning window as many.
    :param rule: what must be shown before a challenger replaces the champion; None for the defaults.
    :param parameter_set: the parameter set that production reads; None for the study's name.
    :param approval: who must agree, how soon, and what silence means; None promotes without asking.
    :param qa: builds checks of your own between decision and approval: takes the comparison's output, creates tasks, and
        returns the last of them; a check that fails keeps the champion.
    :param notify: notified when the study is tuned, the comparison decided, a person is asked and has answered, a champion promoted,
        or the run has failed; ``HpoNotifier(via=SlackWebhookNotifier(text="{{ hpo.text }}"))`` sends it on.
    :param mirror: write the champion into an Airflow Variable too, for readers that cannot reach the study database.
    :param allow_other_owner: True also promotes in a parameter set that another DAG owns; False: the first DAG that promotes a set
        owns it, and another one is refused.
    :param allow_older: True also promotes what was found on data that end earlier than those of the champion, as in a backfill;
        False: it is refused. A champion of which the end of the data is not known, such as one from a file, refuses nothing.
    :param allow_tuning_after_test: True also takes a tuning window that lies after the test window, which no decision in production
        could have known; False: it is refused.
    :param dispatch: as for :class:`TuneTaskGroup`.
    :param form: as for :class:`TuneTaskGroup`, with the prefix ``tune.``, or ``tune_16w-8w.`` for one of several windows. Also the
        windows, as ``window.tuning``, ``window.validation`` and ``window.test``, such as ``"-20w, -8w"``; several tuning windows, after which
        studies are named, have no field.
    :param hpo_conn_id: connection of the study database.
    :param pool: pool of the trials, so that tuning does not starve production; None for the default pool. The other tasks take
        the pool of ``[hpo] bookkeeping_pool``.
    :param priority_weight: absolute priority of every task, 1 or more; give production tasks a higher one.
    :param schedule: as for a DAG.
    :param start_date: as for a DAG; without one the schedule starts now, because earlier intervals are not caught up.
    :param default_args: as for a DAG; stronger than ``pool`` and ``priority_weight``.
    :param dag_arguments: further arguments of the DAG.
    :raises DeclarationError: when windows overlap or the tuning window lies after the test window, when another DAG of the file
        promotes in the same parameter set, or anything declared makes no sense.
    """
    refuse_unknown_argument("retuning_dag", dag_arguments, retuning_dag, DAG.__init__)
    checked_study(study)
    check_places(
        hpo_conn_id,
        mirror=mirror,
        allow_other_owner=allow_other_owner,
        allow_older=allow_older,
        allow_tuning_after_test=allow_tuning_after_test,
    )
    _check_kinds(approval, qa, notify, start_date)
    rule = checked_rule(rule)
    tuned = checked_windows("tuning", tuning)
    if checked_window("test", test) is None:
        raise DeclarationError("`test` is a Window, but got None. Write test=Window('-8w').")
    checked_window("validation", validation)
    for window in tuned:
        check_apart(tuning=window, validation=validation, test=test)
        if not allow_tuning_after_test:
            check_order(window, test)
    if len(tuned) > 1 and validation is None:
        _refuse_no_validation(len(tuned), test)
    checked(scenarios, validation or tuned[0], test)
    _check_counts(study, finalists, challengers)
    cycle = Cycle(
        study=study,
        trial=trial,
        tuning=tuned,
        test=test,
        validation=validation,
        scenarios=scenarios,
        variants=variants,
        replicates=replicates,
        finalists=finalists,
        challengers=challengers,
        rule=rule,
        parameter_set=parameter_set or study.name,
        approval=approval,
        qa=qa,
        notify=notify,
        mirror=mirror,
        allow_other_owner=allow_other_owner,
        allow_older=allow_older,
        dispatch=dispatch,
        form=form,
        hpo_conn_id=hpo_conn_id,
    )
    own = {"priority_weight": priority_weight, "weight_rule": "absolute", **({"pool": pool} if pool else {})}
    _refuse_endless_catchup(start_date, dag_arguments)
    told = {"tags": ["hpo", "retuning"], "doc_md": _doc(cycle)}
    settings = {"catchup": False, "max_active_runs": 1, "start_date": start_date or FIRST, **told, **dag_arguments}
    settings |= _failure_callbacks(notify, dag_arguments.get("on_failure_callback"))
    name = dag_id or _default_id(study.name)
    if not dag_id and not study.name.isascii():
        settings.setdefault("dag_display_name", f"retune_{study.name.replace('/', '_')}")
    if not allow_other_owner:
        _refuse_set_of_another(name, cycle.parameter_set, hpo_conn_id)
    with DAG(name, schedule=schedule, default_args={**own, **(default_args or {})}, **settings) as dag:
        (cycle.with_windows(dag) if form else cycle).lay_out()
    if dag_id is None:
        _named_by_default[name] = dag
    if not allow_other_owner:
        _promoting[hpo_conn_id, cycle.parameter_set] = dag
    return dag


_named_by_default: WeakValueDictionary[str, DAG] = WeakValueDictionary()
"""DAGs of this process that were named after their study; Airflow would keep one of two that have the same id."""

_promoting: WeakValueDictionary[tuple[str, str], DAG] = WeakValueDictionary()
"""DAGs of this process that promote in a parameter set, of which one will own it; by connection and set."""


def _check_kinds(approval: Any, qa: Any, notify: Any, start_date: Any) -> None:
    """Refuse what would be told late, or not at all, because it is of another kind."""
    within = f"within={approval!r}".replace("datetime.", "") if isinstance(approval, timedelta) else ""
    kinds = [
        ("approval", approval, Approval, f"Approval({within})"),
        ("notify", notify, HpoNotifier, "HpoNotifier(via=SlackWebhookNotifier(text='{{ hpo.text }}'))"),
        ("start_date", start_date, datetime, "datetime(2026, 1, 1)"),
    ]
    for name, given, kind, meant in kinds:
        if given is not None and not isinstance(given, kind):
            raise DeclarationError(f"`{name}` is of the kind {kind.__name__}, but got {given!r}. Write {name}={meant}.")
    if qa is not None and not callable(qa):
        raise DeclarationError(
            f"`qa` is a function that creates tasks, but got {qa!r}. Write qa=checks, of def checks(comparison): ..."
        )


def _refuse_no_validation(windows: int, test: Window) -> None:
    start = offset_of(test.start - (test.end - test.start) / 2)
    raise DeclarationError(
        f"The finalists of several tuning windows are measured again on one that none of them was tuned on, but got {windows} windows "
        f"and no validation. Write validation=Window('{start}', '{test.start}'), and let the tuning windows end before it."
    )


def _check_counts(study: Study, finalists: int, challengers: int) -> None:
    """Refuse more finalists than there are trials, and more challengers than finalists."""
    at_least_one(finalists, "finalists")
    if at_least_one(challengers, "challengers") > finalists:
        raise DeclarationError(
            f"Challengers are some of the finalists, but got challengers={challengers} and finalists={finalists}. "
            f"Write finalists={challengers}, or challengers={finalists}."
        )
    if finalists > study.wanted:
        raise DeclarationError(
            f"Finalists are some of the study's trials, but got finalists={finalists} and a study of {study.wanted}. "
            f"Write finalists={study.wanted}, or Study(max_trials={finalists * 10})."
        )


def _refuse_endless_catchup(start_date: datetime | None, dag_arguments: dict[str, Any]) -> None:
    """Refuse to catch up from a date that was not chosen: years of months would begin at once."""
    if dag_arguments.get("catchup") and start_date is None:
        raise DeclarationError(
            f"A schedule is caught up from its start date, but got catchup=True without one, which is {FIRST:%Y-%m-%d} then. "
            "Write start_date=datetime(2026, 1, 1)."
        )


def _failure_callbacks(notify: HpoNotifier | None, own: Any) -> dict[str, Any]:
    """Return the callbacks of a failed run: the author's and the notifier, neither in place of the other."""
    given = list(own) if isinstance(own, list | tuple) else [own] if own else []
    callbacks = [*given, *([notify] if notify and notify not in given else [])]
    return {"on_failure_callback": callbacks} if callbacks else {}


def _refuse_set_of_another(name: str, parameter_set: str, hpo_conn_id: str) -> None:
    other = _promoting.get((hpo_conn_id, parameter_set))
    if other is not None and other.dag_id != name:
        raise DeclarationError(
            f"One DAG promotes in a parameter set, but {other.dag_id!r} and {name!r} both do in {parameter_set!r}. Give one of "
            "them another by parameter_set=..., or write allow_other_owner=True in the one that does not own it."
        )


def _doc(cycle: Cycle) -> str:
    """Return what the DAG's page in Airflow says, in Markdown."""
    study, goal, owned = cycle.study, cycle.study.objective, cycle.parameter_set
    windows = listed([str(window) for window in cycle.tuning])
    several = studies_of(study, cycle.tuning).values() if len(cycle.tuning) > 1 else [study]
    commands = [f"`airflow hpo studies show {each.name}`" for each in several]
    return (
        f"Tunes the study `{study.name}` ({goal.direction.value} `{goal.metric}`) on {windows}, compares its best trials with "
        f"the champion of the parameter set `{owned}` on {cycle.test}, and promotes the challenger that is better.\n\n"
        f"{listed([*commands, f'`airflow hpo champion get {owned}`'])} tell more.\n"
    )


def _default_id(study: str) -> str:
    name = f"retune_{id_form(study)}"
    other = _named_by_default.get(name)
    planned = other.task_dict["validate.plan"] if other else None
    if isinstance(planned, EditionOperator) and planned.study.name != study:
        raise DeclarationError(
            f"Each DAG has an id of its own, but studies {planned.study.name!r} and {study!r} both make {name!r}. Give one of them "
            "another: retuning_dag('an_id', ...)."
        )
    return name
