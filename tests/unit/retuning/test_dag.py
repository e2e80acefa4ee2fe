from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.window import Window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.notifications.hpo import HpoNotifier
from airflow_hpo.operators.promotion import PromoteOperator
from airflow_hpo.retuning.approval import Approval
from airflow_hpo.retuning.dag import retuning_dag
from airflow_hpo.task_groups.backends import ProcessTrial

STUDY = Study(name="dispatch/tokyo", space={"x": Float(0, 1)}, objective="cost", max_trials=9)


def built(**options: Any) -> DAG:
    given = {"study": STUDY, "trial": ProcessTrial(["true"]), "tuning": Window("-8w", "-4w"), "test": Window("-4w")}
    return retuning_dag(**{**given, **options})


def test_tuning_comparing_asking_and_promoting_follow_one_another() -> None:
    dag = built()
    chain = [
        "tune.start",
        "finalists",
        "validate.plan",
        "challenger",
        "test.look_1.plan",
        "decide",
        "approve",
        "promote",
    ]
    for before, after in itertools.pairwise(chain):
        assert after in dag.get_task(before).get_flat_relative_ids(upstream=False), (before, after)


def test_the_dag_is_named_after_the_study() -> None:
    assert built().dag_id == "retune_dispatch_tokyo"


def test_one_edition_is_tuned_at_a_time_and_the_past_is_left_alone() -> None:
    dag = built()
    assert (dag.max_active_runs, dag.catchup) == (1, False)


def test_without_an_approval_nobody_is_asked() -> None:
    assert "approve" not in built(approval=None).task_ids


def test_silence_means_what_was_declared() -> None:
    task = built(approval=Approval(timedelta(hours=3), otherwise="Approve")).get_task("approve")
    assert (task.response_timeout, task.defaults) == (timedelta(hours=3), ["Approve"])


def test_only_the_named_users_may_answer() -> None:
    task = built(approval=Approval(users=["ann"])).get_task("approve")
    assert (task.users, task.assigned_users) == (["ann"], None)


def test_checks_of_ones_own_stand_between_decision_and_approval() -> None:
    from airflow.providers.standard.operators.empty import EmptyOperator

    dag = built(qa=lambda comparison: EmptyOperator(task_id="check"))
    assert dag.get_task("check").downstream_task_ids == {"approve"}
    assert dag.get_task("check").upstream_task_ids == {"decide"}


def test_without_a_validation_window_finalists_are_measured_again_on_the_tuning_window() -> None:
    dag = built()
    assert dag.get_task("validation_scenarios").window.name == "8w-4w"


def test_every_task_has_the_priority_and_only_trials_are_in_the_pool() -> None:
    dag = built(pool="tuning", priority_weight=2)
    assert len({(task.priority_weight, task.weight_rule.__class__.__name__) for task in dag.tasks}) == 1
    assert {task.pool for task in dag.tasks if task.task_id.endswith(".trial")} == {"tuning"}
    assert {task.pool for task in dag.tasks if not task.task_id.endswith(".trial")} == {"default_pool"}


def test_the_champion_is_the_first_trial() -> None:
    assert built().get_task("tune.start").parameter_set == "dispatch/tokyo"


def test_another_parameter_set_may_be_promoted_to() -> None:
    dag = built(parameter_set="dispatch/shared")
    assert {dag.get_task(name).parameter_set for name in ("tune.start", "finalists", "promote")} == {"dispatch/shared"}


def test_people_are_told_of_every_step_that_concerns_them() -> None:
    notify = HpoNotifier()
    dag = built(notify=notify)
    told = {task.task_id for task in dag.tasks if notify in task.on_success_callback}
    assert told == {"tune.finish", "test.compare_1", "approve", "promote"}
    assert dag.get_task("approve").notifiers == [notify]
    assert dag.on_failure_callback == [notify]


def test_windows_that_overlap_are_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Windows must not overlap, but tuning is .* and test is"):
        built(tuning=Window("-8w", "-3w"))


def test_a_tuning_window_after_the_test_is_refused_unless_it_is_wanted() -> None:
    late: dict[str, Any] = {"tuning": Window("-4w"), "test": Window("-12w", "-4w")}

    with pytest.raises(DeclarationError, match=r"give allow_tuning_after_test=True\."):
        built(**late)
    assert built(**late, allow_tuning_after_test=True).has_task("promote")


def test_a_window_without_room_for_a_scenario_is_refused() -> None:
    with pytest.raises(DeclarationError, match="A window holds at least one scenario"):
        built(test=Window("-3d"), scenarios="1w")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scenarios": "1h"}, "got 672 scenarios of 4 evaluations each, 2688 in all. Take longer scenarios"),
        ({"scenarios": [f"s{i}" for i in range(100)], "replicates": 3}, "100 scenarios of 12 evaluations each"),
    ],
    ids=["length", "list"],
)
def test_more_evaluations_than_a_mapped_task_holds_are_refused_at_parse(options: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        built(**options)


def test_scenarios_that_a_function_returns_are_counted_before_anything_is_tuned() -> None:
    dag = built(scenarios=lambda period: ["rain"])
    assert dag.get_task("tune.start").upstream_task_ids == {"validation_scenarios", "test_scenarios"}
    assert built().get_task("tune.start").upstream_task_ids == set()


def test_scenarios_may_be_listed() -> None:
    listed = ["rain", Scenario("sun"), "snow", "wind", "fog"]
    assert built(scenarios=listed).get_task("test_scenarios").scenarios == listed


FEW = r"promoted on {} scenarios or more \(min_pairs=5, alpha={}, of which .* at most\), but got 3\. "


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"test": Window("-3w"), "scenarios": "1w"},
            FEW.format(5, "0.05") + "Write scenarios='4d', or lengthen the test",
        ),
        (
            {"scenarios": ["a", "b", "c"], "rule": ComparisonRule(alpha=0.01)},
            FEW.format(7, "0.01") + r"List 4 more\.",
        ),
        ({"scenarios": list("abcde"), "challengers": 2}, r"on 6 scenarios .*, 2 challengers\), but got 5"),
        ({"challengers": 4}, r"got challengers=4 and finalists=3\. Write finalists=4, or challengers=3\."),
        ({"finalists": 20}, r"got finalists=20 and a study of 9\. Write finalists=9, or Study\(max_trials=200\)\."),
        ({"finalists": 0}, r"Write finalists=3\."),
    ],
)
def test_a_promotion_that_no_data_can_reach_is_refused_when_the_dag_is_parsed(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeclarationError, match=message):
        built(**options)


def test_scenarios_of_a_function_are_enough_for_a_promotion_before_anything_is_tuned() -> None:
    dag = built(scenarios=lambda period: ["rain", "sun"])
    assert dag.get_task("validation_scenarios").rule is None
    task = dag.get_task("test_scenarios")
    with pytest.raises(DeclarationError, match=r"but got 2\. Return 3 more"):
        task._check_count(2)


def test_a_guardrail_on_a_metric_that_nobody_collects_is_refused() -> None:
    with pytest.raises(DeclarationError, match="guardrail watches an extra metric"):
        built(rule=ComparisonRule(guardrails={"delay": Guardrail("minimize", margin=1.0)}))


def test_a_guardrail_on_an_extra_metric_is_taken() -> None:
    study = Study(**{**dict(STUDY), "objective": Objective("cost", extra_metrics=["delay"])})
    built(study=study, rule=ComparisonRule(guardrails={"delay": Guardrail("minimize", margin=1.0)}))


def test_the_tuning_knows_the_guardrails_and_says_which_samplers_do_not(caplog: pytest.LogCaptureFixture) -> None:
    study = Study(**{**dict(STUDY), "objective": Objective("cost", extra_metrics=["delay"]), "sampler": "cmaes"})
    rule = ComparisonRule(guardrails={"delay": Guardrail("minimize", margin=1.0)})
    assert built(study=study, rule=rule).get_task("tune.start").rule == rule
    assert "'delay <= champion + 1'" in caplog.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"within": timedelta(0)}, "within a positive timedelta"),
        ({"otherwise": "Maybe"}, "Silence means 'Approve' or 'Reject'"),
        ({"users": "ann"}, "Users come as a list of names"),
    ],
)
def test_an_approval_that_makes_no_sense_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        Approval(**wrong)


def test_two_studies_whose_dags_would_have_one_id_are_refused_with_both_names() -> None:
    one = built(study=STUDY.model_copy(update={"name": "twin/b"}))
    with pytest.raises(DeclarationError, match=r"'twin/b' and 'twin_b' both make 'retune_twin_b'"):
        built(study=STUDY.model_copy(update={"name": "twin_b"}))
    assert built(dag_id="other", study=STUDY.model_copy(update={"name": "twin_b"})).dag_id == "other"
    assert built(study=STUDY.model_copy(update={"name": "twin/b"})).dag_id == one.dag_id


@pytest.mark.parametrize("allowed", [True, False])
def test_a_retuning_promotes_in_a_set_of_another_dag_only_when_that_is_allowed(allowed: bool) -> None:
    promote = built(allow_other_owner=allowed).task_dict["promote"]
    assert isinstance(promote, PromoteOperator)
    assert promote.allow_other_owner is allowed


@pytest.mark.parametrize("allowed", [True, False])
def test_a_retuning_promotes_what_was_found_on_older_data_only_when_that_is_allowed(allowed: bool) -> None:
    tasks = built(allow_older=allowed).task_dict
    assert [tasks[name].allow_older for name in ("approve", "promote")] == [allowed, allowed]  # type: ignore[attr-defined]


def test_two_retunings_that_promote_in_one_set_are_refused_with_both_names() -> None:
    first = built(dag_id="first", parameter_set="shared/set")
    with pytest.raises(DeclarationError, match=r"'first' and 'second' both do in 'shared/set'.*allow_other_owner=True"):
        built(dag_id="second", parameter_set="shared/set")
    assert built(dag_id="first", parameter_set="shared/set").dag_id == first.dag_id
    assert built(dag_id="second", parameter_set="shared/set", allow_other_owner=True).dag_id == "second"
    assert built(dag_id="second", parameter_set="shared/set", hpo_conn_id="another").dag_id == "second"


SEVERAL: dict[str, Any] = {
    "tuning": [Window("-16w", "-8w"), Window("-32w", "-24w")],
    "validation": Window("-8w", "-4w"),
}


def test_several_windows_are_tuned_on_one_after_another_as_studies_of_their_own() -> None:
    dag = built(**SEVERAL)
    recent, old = dag.get_task("tune_16w-8w.start"), dag.get_task("tune_32w-24w.start")
    assert [task.study.name for task in (recent, old)] == ["dispatch/tokyo/16w-8w", "dispatch/tokyo/32w-24w"]
    assert [task.study.max_trials for task in (recent, old)] == [9, 9]
    assert old.upstream_task_ids == {"tune_16w-8w.finish"}
    assert dag.get_task("tune_32w-24w.batch_001.suggest").window == Window("-32w", "-24w")
    assert dag.get_task("finalists").upstream_task_ids == {"tune_32w-24w.finish"}
    assert dag.get_task("finalists").study == {"16w-8w": recent.study, "32w-24w": old.study}


def test_several_windows_have_one_comparison_about_one_parameter_set() -> None:
    dag = built(**SEVERAL, challengers=2)
    assert {dag.get_task(f"{name}.plan").study.name for name in ("validate", "test.look_1")} == {"dispatch/tokyo"}
    assert dag.get_task("test_scenarios").challengers == 4
    assert dag.get_task("validation_scenarios").evaluations == 7
    assert {dag.get_task(f"tune_{name}.start").parameter_set for name in ("16w-8w", "32w-24w")} == {"dispatch/tokyo"}


def test_each_window_has_a_form_and_a_command_of_its_own() -> None:
    dag = built(**SEVERAL)
    assert {"tune_16w-8w.max_trials", "tune_32w-24w.max_trials"} <= set(dag.params)
    assert dag.doc_md is not None
    assert "`airflow hpo studies show dispatch/tokyo/32w-24w`" in dag.doc_md


def test_a_list_of_one_window_is_that_window() -> None:
    one, listed = built(), built(tuning=[Window("-8w", "-4w")])
    assert one.task_ids == listed.task_ids
    assert listed.get_task("finalists").study == STUDY


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"validation": None}, r"got 2 windows and no validation\. Write validation=Window\('-42d', '-28d'\)"),
        (
            {"tuning": [*SEVERAL["tuning"], Window("-10w", "-6w")]},
            "Windows must not overlap, but tuning is .* and valid",
        ),
        ({"tuning": [*SEVERAL["tuning"], Window("-3w")], "validation": Window("-5w", "-4w")}, "must not overlap"),
        ({"scenarios": list("abcde")}, r"on 6 scenarios .*, 2 challengers\), but got 5"),
    ],
)
def test_several_windows_that_cannot_be_compared_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        built(**{**SEVERAL, **options})
