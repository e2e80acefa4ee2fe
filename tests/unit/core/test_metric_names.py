"""Which values of a metric are good, as far as its name tells."""

from __future__ import annotations

import warnings

import pytest

from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study


@pytest.mark.parametrize(
    "name",
    [
        *("accuracy", "val_accuracy", "valAccuracy", "val/acc", "top-5 accuracy", "auc", "ROC_AUC", "roc-auc", "f1"),
        *("f1_score", "F1", "r2", "R2", "recall@10", "mean.precision", "revenue", "dailyRevenue", "profit", "ndcg@10"),
        *("log_likelihood", "total_reward", "neg_mean_squared_error", "neg_rmse", "neg_log_loss", "mIoU_iou"),
    ],
)
def test_a_name_of_a_gain_suggests_to_maximise_and_says_so_where_none_was_declared(name: str) -> None:
    with pytest.warns(UserWarning, match="no direction was declared.*direction='maximize'") as warned:
        Objective(name)
    assert warned[0].filename == __file__


@pytest.mark.parametrize(
    "name",
    [
        *("loss", "val_loss", "cost", "error_rate", "rmse", "m", "score", "x", "rate", "value", "unserved", "map"),
        *("loss_accuracy", "accuracy_loss", "accuracy_drop", "accuracyGap", "recall_std", "revenue_lost", "auc_error"),
        *("inaccuracy", "accurate", "aucune", "f12", "r20", "precisional", "profit_margin", "time_to_accuracy"),
        *("negative_log_likelihood", "neg_accuracy", "neg_reward", "nll", "false_recall", "cost_of_sales", "no_recall"),
        *("profitless", "recalled", "reward_regret", "accuracy time", "_", "revenue_variance", "salesman"),
    ],
)
def test_other_names_are_minimised_without_a_word(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Objective(name)


@pytest.mark.parametrize(
    ("name", "direction"),
    [("accuracy", "minimize"), ("accuracy", "maximize"), ("cost_saving", "maximize"), ("loss_reduction", "maximize")],
)
def test_what_was_declared_is_taken(name: str, direction: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Objective(name, direction).direction == direction


def test_the_line_that_mends_it_silences_it() -> None:
    with pytest.warns(UserWarning, match="'accuracy' is minimized") as warned:
        Objective("accuracy")
    line = str(warned[0].message).split("Write ")[1].split(", or ")[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert eval(line).direction == "maximize"


def test_objectives_of_yaml_and_of_mappings_are_looked_at_too() -> None:
    with pytest.warns(UserWarning, match="no direction was declared"):
        Objective.from_yaml("metric: accuracy")
    with pytest.warns(UserWarning, match="no direction was declared"):
        Study(name="demo", space={"x": Float(0, 1)}, max_trials=1, objective={"metric": "accuracy"})
    with pytest.warns(UserWarning, match="no direction was declared"):
        Study(name="demo", space={"x": Float(0, 1)}, max_trials=1, objective="accuracy")


def test_what_was_stored_says_nothing_a_second_time() -> None:
    with pytest.warns(UserWarning, match="'accuracy' is minimized"):
        stored = Objective("accuracy").to_dict()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Objective.from_dict(stored).direction == "minimize"
