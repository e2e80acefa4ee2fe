"""What happens to the lines of frameworks when the source was declared for other ones."""

from __future__ import annotations

import re

import pytest

from airflow_hpo.core.metrics.recognition import format_of, given_otherwise
from airflow_hpo.exceptions import TrialFailedError
from tests.unit.core.metrics import test_frameworks as logs
from tests.unit.core.metrics.test_frameworks import measure

LIGHTNING_RICH = """\
Epoch 0/1  ━━━━━━━━━━━━━━━ 32/32 0:00:01 • 0:00:00 14.50it/s v_num: 3.000 train_loss: 0.900 val_loss: 0.650
Epoch 1/1  ━━━━━━━━━━━━━━━ 32/32 0:00:01 • 0:00:00 14.50it/s v_num: 3.000 train_loss: 0.500 val_loss: 0.420
"""
XGBOOST_SKLEARN = "[0]\tvalidation_0-logloss:0.52\n[1]\tvalidation_0-logloss:0.42\n"
LIGHTGBM_ONE = "[1]\tvalid_0's binary_logloss: 0.25\n[2]\tvalid_0's binary_logloss: 0.2\n"
CATBOOST_PLAIN = "0:\tlearn: 0.69\ttotal: 57ms\tremaining: 57s\n1:\tlearn: 0.68\ttotal: 114ms\tremaining: 57s\n"
NESTED = 'INFO {"epoch": 1, "train": {"loss": 0.1}, "val": {"loss": 0.5}}\n'
TWO_BARS = """\
train: 100%|██████████| 10/10 [00:02<00:00, 5.0it/s, loss=0.62]
val: 100%|██████████| 5/5 [00:01<00:00, 5.0it/s, loss=0.80]
"""
FORMATS = ("json", "csv", "yaml", "keras", "lightgbm", "xgboost", "catboost", "huggingface", "tqdm", "lightning")
LOGS = [
    ("keras", logs.KERAS, "val_loss", 0.4218),
    ("keras", logs.KERAS_OLD, "loss", 0.2987),
    ("lightning", logs.LIGHTNING, "test_loss", 0.4312999844551086),
    ("lightning", logs.LIGHTNING_PLAIN, "val_loss", 0.3461000025272369),
    ("lightning", LIGHTNING_RICH, "val_loss", 0.42),
    ("lightgbm", logs.LIGHTGBM, "valid_1's auc", 0.9634),
    ("lightgbm", LIGHTGBM_ONE, "binary_logloss", 0.2),
    ("lightgbm", logs.LIGHTGBM_CV, "l2", 0.498),
    ("xgboost", logs.XGBOOST, "eval-rmse", 0.01),
    ("xgboost", XGBOOST_SKLEARN, "logloss", 0.42),
    ("xgboost", logs.XGBOOST_CV, "test-auc", 0.96),
    ("catboost", logs.CATBOOST, "test", 0.2574321),
    ("catboost", CATBOOST_PLAIN, "learn", 0.68),
    ("huggingface", logs.HUGGING_FACE, "eval_loss", 0.4807),
    ("huggingface", logs.HUGGING_FACE, "loss", 0.4011),
    ("yaml", logs.YAML, "val/loss", 0.5),
    ("yaml", logs.YAML, "loss", 0.25),
    ("csv", logs.CSV, "val_loss", 0.45),
    ("json", NESTED, "val/loss", 0.5),
]


def outcome(text: str, metric: str, format: str) -> str:
    """The value, or the format that the reason of the failure names."""
    try:
        return str(measure(text, metric, format=format).value)
    except TrialFailedError as err:
        return err.reason.split("Stdout(format='")[-1].partition("'")[0]


@pytest.mark.parametrize(("format", "text", "metric", "value"), LOGS)
def test_the_reason_names_the_format_that_reads_a_log(format: str, text: str, metric: str, value: float) -> None:
    with pytest.raises(TrialFailedError, match=re.escape(f"Stdout(format={format!r}) reads the line")):
        measure(text, metric)
    assert measure(text, metric, format=format).value == value


@pytest.mark.parametrize(("format", "text", "metric", "value"), LOGS)
def test_by_a_wrong_name_a_log_gives_its_value_or_none(format: str, text: str, metric: str, value: float) -> None:
    for wrong in FORMATS:
        assert outcome(text, metric, wrong) in (str(value), format)


@pytest.mark.parametrize(
    ("text", "metric", "names"),
    [
        (logs.LIGHTGBM, "auc", '"training\'s auc" and "valid_1\'s auc"'),
        (logs.XGBOOST, "rmse", "'train-rmse' and 'eval-rmse'"),
    ],
)
@pytest.mark.parametrize("format", ["text", "lightgbm", "xgboost"])
def test_a_metric_of_several_data_sets_is_told_by_its_names(text: str, metric: str, names: str, format: str) -> None:
    with pytest.raises(TrialFailedError) as failed:
        measure(text, metric, format=format)
    assert f"gives it as {names}: name one of these as the metric, with Stdout(format=" in failed.value.reason


@pytest.mark.parametrize(
    ("text", "format", "value"),
    [
        ("loss=0.3\n" + logs.KERAS, "keras", 0.412),
        ('loss=0.9\n{"loss": 0.8}\n', "json", 0.8),
        (TWO_BARS.replace("val: ", "") + "{'loss': 0.4, 'epoch': 1.0}\n", "huggingface", 0.4),
        ("loss=0.9\n[3]\tloss: 0.8\n", "lightgbm", 0.8),
        ("loss=0.9\nloss: 0.8\n", "yaml", 0.8),
        ("loss=0.9\n│   loss   │   0.8   │\n", "lightning", 0.8),
    ],
)
def test_a_last_value_in_another_format_is_not_passed_over(text: str, format: str, value: float) -> None:
    with pytest.raises(TrialFailedError, match="All values of the objective must be in one format") as failed:
        measure(text, "loss")
    assert f"Stdout(format={format!r}) reads such lines" in failed.value.reason
    assert measure(text, "loss", format=format).value == value
    filter = failed.value.reason.split("Stdout(filter=")[1].split(") leaves them out")[0]
    assert measure(text, "loss", filter=eval(filter)).value in (0.3, 0.9, 0.8)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (logs.KERAS + "loss=0.9\n", 0.9),
        (logs.KERAS + "loss=0.41200\n" + logs.KERAS.splitlines()[-1], 0.412),
        ("loss=0.80001\n{'loss': 0.8}\n", 0.80001),
        ('{"loss": 0.81234}\nloss=0.81\n', 0.81),
        ('loss=0.9\nINFO {"loss": "mse", "lr": 0.1}\n', 0.9),
        ("loss=0.9\nthe loss: small\n", 0.9),
    ],
)
def test_a_value_that_comes_later_or_is_the_same_counts(text: str, value: float) -> None:
    assert measure(text, "loss").value == value


@pytest.mark.parametrize(
    "line",
    ["Final loss: 0.8", "INFO loss is 0.8", "done - loss: 0.8, time: 3 s", " 'loss': 0.8}", "epoch 3 | loss -> 0.8"],
)
def test_a_last_value_that_text_gives_without_a_sign_of_equality_is_not_passed_over(line: str) -> None:
    with pytest.raises(TrialFailedError, match="All values of the objective must be in one format") as failed:
        measure(f"loss=0.9\n{line}\n", "loss")
    filter = failed.value.reason.split("Stdout(filter=")[1].split(") reads the line")[0]
    assert measure(f"loss=0.9\n{line}\n", "loss", filter=eval(filter)).value == 0.8
    assert measure(f"{line}\nloss=0.9\n", "loss").value == 0.9


@pytest.mark.parametrize("line", ["KL loss: 0.8", "val_loss: 0.8", "loss: 0.8ms", "the loss: small"])
def test_what_text_says_of_another_metric_is_no_reason_for_a_doubt(line: str) -> None:
    assert measure(f"loss=0.9\n{line}\n", "loss").value == 0.9


def test_a_better_value_in_another_format_is_not_passed_over() -> None:
    text = 'loss=0.5\n{"loss": 0.2}\nloss=0.4\n'
    assert measure(text, "loss").value == 0.4
    assert measure(text, "loss", strategy="best", direction="maximize").value == 0.5
    with pytest.raises(TrialFailedError, match="must be in one format"):
        measure(text, "loss", strategy="best")


def test_an_extra_metric_that_ends_in_another_format_is_left_out() -> None:
    found = measure('loss=0.5 acc=0.9\n{"acc": 0.7}\n', "loss", "acc")
    assert (found.value, found.metrics) == (0.5, {})
    assert found.problems == (
        "The extra metric 'acc' is left out: 'acc' was '0.7' in the line '{\"acc\": 0.7}': it is written as json writes.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Train: loss=0.1\nVal: loss=0.2\n",
        "Epoch 1 | Train: loss=0.1 | Val: loss=0.2\n",
        "[train] loss=0.1\n[valid] loss=0.2\n",
        "Train epoch 1: loss=0.1\nTest epoch 1: loss=0.2\n",
        "train: 100%|██| 9/9 [00:02<00:00, 5.0it/s, loss=0.1]\nval: 100%|██| 5/5 [00:01<00:00, 5.0it/s, loss=0.2]\n",
        "Epoch 1 [Train]: 100%|██| 9/9 [00:02<00:00, 5.0it/s, loss=0.1]\n"
        "Epoch 1 [Val]: 100%|██| 9/9 [00:02<00:00, 5.0it/s, loss=0.2]\n",
    ],
)
def test_a_value_of_the_training_is_not_taken_for_the_evaluations(text: str) -> None:
    assert measure(text, "loss").value == 0.2
    again = text.splitlines()[0].partition(" | Val")[0]
    for lines, strategy in ((text + again, "last"), (text, "best")):
        with pytest.raises(TrialFailedError, match="given for training and for evaluation") as failed:
            measure(lines, "loss", strategy=strategy)
        filter = failed.value.reason.split("Stdout(filter=")[1].split(") reads the line")[0]
        assert measure(lines, "loss", filter=eval(filter), strategy=strategy).value == 0.2


@pytest.mark.parametrize("text", ["loss=0.1\nVal: loss=0.5\n", "Val: loss=0.5\nloss=0.1\n"])
def test_a_best_value_is_none_of_an_evaluation_and_of_what_is_not_named(text: str) -> None:
    assert measure(text, "loss").value == float(text.split("=")[-1])
    with pytest.raises(TrialFailedError, match="for evaluation and without the name of a data set"):
        measure(text, "loss", strategy="best")


def test_a_training_that_is_named_last_on_a_line_is_not_the_evaluation() -> None:
    with pytest.raises(TrialFailedError, match=r"given for training and for evaluation.*\\bVal\\b"):
        measure("Val: loss=0.2 | Train: loss=0.1\n", "loss")


def test_the_bars_of_two_data_sets_are_told_apart_also_by_name() -> None:
    assert measure(TWO_BARS, "loss", format="tqdm").value == 0.8
    with pytest.raises(TrialFailedError, match="given for training and for evaluation"):
        measure(TWO_BARS + TWO_BARS.splitlines()[0], "loss", format="tqdm")


def test_a_line_is_recognised_whatever_came_before() -> None:
    for line in [*TWO_BARS.splitlines(), TWO_BARS.splitlines()[0]]:
        assert format_of("loss", line) == ("tqdm", 0.8 if "val" in line else 0.62)


@pytest.mark.parametrize(
    "text", ["Train: loss=0.2\n", "training finished loss=0.3\nloss=0.2\n", "val: loss=0.3\ntest: loss=0.2\n"]
)
def test_one_kind_of_data_set_is_no_reason_for_a_doubt(text: str) -> None:
    assert measure(text, "loss").value == 0.2


@pytest.mark.parametrize("metric", ["loss", "정확도", "営業収益", "割引率"])
@pytest.mark.parametrize(
    ("line", "guess"),
    [
        ("{}: 0.93", [0.93]),
        ("{}\uff1a0.93", [0.93]),
        ("epoch 3, {}: 0.93", [0.93]),
        ("final {} -> 0.93", [0.93]),
        ("KL {}: 0.93", []),
    ],
)
def test_a_name_in_own_letters_is_doubted_as_one_in_ascii(metric: str, line: str, guess: list[float]) -> None:
    assert [found.guess for found in given_otherwise(line.format(metric), [metric])] == guess
