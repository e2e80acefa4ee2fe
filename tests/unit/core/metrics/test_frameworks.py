"""Logs as real programs write them, each with the value that its author would name."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from typing import Any

import pytest

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.source import File, Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError

KERAS = """\
Epoch 1/2
\x1b[1m 1/32\x1b[0m \x1b[37m━━━━━━━━━━━━━━━━━━━━\x1b[0m \x1b[1m12s\x1b[0m 400ms/step - accuracy: 0.5000 - loss: 0.1000\
\b\b\b\b\b\b\b\b\r\x1b[1m32/32\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m1s\x1b[0m 12ms/step \
- accuracy: 0.7812 - loss: 0.6510 - val_accuracy: 0.8100 - val_loss: 0.5523
Epoch 1: val_loss improved from inf to 0.55230, saving model to best.keras
Epoch 2/2
\x1b[1m 9/32\x1b[0m \x1b[37m━━━━━━━━━━━━━━━━━━━━\x1b[0m \x1b[1m0s\x1b[0m 7ms/step - accuracy: 0.8900 - loss: 0.3000\r\
\x1b[1m32/32\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m \x1b[1m0s\x1b[0m 8ms/step - accuracy: 0.8601 - loss: 4.1200e-01 \
- val_accuracy: 0.8500 - val_loss: 0.4218 - learning_rate: 0.0010
"""
KERAS_OLD = """\
Epoch 3/3
32/32 [==============================] - 1s 5ms/step - loss: 0.2345 - accuracy: 0.9123 - val_loss: 0.3012
10/10 - 0s - 3ms/step - loss: 0.2987 - accuracy: 0.9000
"""
LIGHTNING = """\
GPU available: False, used: False
  | Name  | Type   | Params
0 | model | Linear | 11
Epoch 0: 100%|██████████| 32/32 [00:00<00:00, 210.77it/s, v_num=3, train_loss=0.693, val_loss=0.650, val_acc=0.61]
Epoch 1:  50%|█████     | 16/32 [00:00<00:00, 198.12it/s, v_num=3, train_loss=0.512, val_loss=0.650, val_acc=0.61]\r\
Epoch 1: 100%|██████████| 32/32 [00:00<00:00, 210.77it/s, v_num=3, train_loss=1.2e-1, val_loss=0.420, val_acc=0.83]
`Trainer.fit` stopped: `max_epochs=2` reached.
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃        Test metric        ┃       DataLoader 0        ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│         test_acc          │    0.8199999928474426     │
│         test_loss         │    0.4312999844551086     │
└───────────────────────────┴───────────────────────────┘
"""
LIGHTNING_PLAIN = """\
────────────────────────────────────────────────────────────────────
     Validate metric           DataLoader 0
────────────────────────────────────────────────────────────────────
        val_loss            0.3461000025272369
────────────────────────────────────────────────────────────────────
"""
LIGHTGBM = """\
[LightGBM] [Info] Number of positive: 212, number of negative: 357
[LightGBM] [Info] [binary:BoostFromScore]: pavg=0.372583 -> initscore=-0.521150
Training until validation scores don't improve for 10 rounds
[10]\ttraining's binary_logloss: 0.261\ttraining's auc: 0.99\tvalid_1's binary_logloss: 0.312\tvalid_1's auc: 0.961
[20]\ttraining's binary_logloss: 0.112\ttraining's auc: 1\tvalid_1's binary_logloss: 0.298\tvalid_1's auc: 0.958
Early stopping, best iteration is:
[14]\ttraining's binary_logloss: 0.19\ttraining's auc: 0.995\tvalid_1's binary_logloss: 0.2871\tvalid_1's auc: 0.9634
"""
LIGHTGBM_CV = "[10]\tcv_agg's valid l2: 0.512 + 0.0312\n[20]\tcv_agg's valid l2: 4.98e-01 + 0.0298\n"
XGBOOST = """\
[0]\ttrain-rmse:1.98765\teval-rmse:2.01234
[1]\ttrain-rmse:1.45678\teval-rmse:1.51234
[2]\ttrain-rmse:1.05678\teval-rmse:1e-02
"""
XGBOOST_CV = "[0]\ttrain-auc:0.98123+0.00123\ttest-auc:0.95123+0.01234\n[1]\ttrain-auc:0.99+0\ttest-auc:0.96+0.01\n"
CATBOOST = """\
Learning rate set to 0.05
0:\tlearn: 0.6870112\ttest: 0.6874321\tbest: 0.6874321 (0)\ttotal: 57ms\tremaining: 57s
100:\tlearn: 0.2170112\ttest: 0.2574321\tbest: 0.2551000 (98)\ttotal: 1.2s\tremaining: 10s
Stopped by overfitting detector  (20 iterations wait)

bestTest = 0.2551
bestIteration = 98
"""
HUGGING_FACE = """\
 33%|███▎      | 10/30 [00:05<00:10,  2.00it/s]
{'loss': 0.6931, 'grad_norm': 2.514, 'learning_rate': 4.5e-05, 'epoch': 0.5}
                                               \r{'eval_loss': 0.5123, 'eval_accuracy': 0.78, 'eval_runtime': 1.2, 'epoch': 1.0}
{'loss': 0.4011, 'grad_norm': 1.5, 'learning_rate': 4.1e-05, 'epoch': 1.5}
{'eval_loss': 0.4807, 'eval_accuracy': np.float64(0.81), 'eval_runtime': 1.2, 'epoch': 2.0}
{'train_runtime': 12.3, 'train_samples_per_second': 81.3, 'train_loss': 0.5471, 'epoch': 2.0}
"""
TQDM = """\
epoch 1:   0%|          | 0/10 [00:00<?, ?it/s]\repoch 1:  50%|█████     | 5/10 [00:01<00:01, 4.9it/s, loss=0.71]\r\
epoch 1: 100%|██████████| 10/10 [00:02<00:00, 5.0it/s, loss=0.62, acc=7.1e-1]
"""
YAML = "# a logger\nepoch: 2\nloss: 0.25  # of the epoch\nval:\n  loss: 0.5\n  acc: 0.75\n"
CSV = "epoch,step,train_loss,val_loss\n0,9,0.9,\n0,9,,0.8\n1,19,0.5,\n1,19,,0.45\n"


def measure(text: str, metric: str, *extra: str, **options: Any) -> Measurement:
    strategies = {name: options.pop(name) for name in ("strategy", "direction") if name in options}
    collector = Collector(
        Stdout(**options),
        Objective(metric, strategies.pop("direction", "minimize"), extra_metrics=list(extra), **strategies),
    )
    collector.feed(text.encode())
    collector.close()
    return collector.measure()


@pytest.mark.parametrize(
    ("format", "text", "metric", "value"),
    [
        ("keras", KERAS, "val_loss", 0.4218),
        ("keras", KERAS, "loss", 0.412),
        ("keras", KERAS_OLD, "val_loss", 0.3012),
        ("keras", KERAS_OLD, "loss", 0.2987),
        ("lightning", LIGHTNING, "val_loss", 0.42),
        ("lightning", LIGHTNING, "train_loss", 0.12),
        ("lightning", LIGHTNING, "test_loss", 0.4312999844551086),
        ("lightning", LIGHTNING_PLAIN, "val_loss", 0.3461000025272369),
        ("lightgbm", LIGHTGBM, "valid_1's auc", 0.9634),
        ("lightgbm", LIGHTGBM, "valid_1/binary_logloss", 0.2871),
        ("lightgbm", LIGHTGBM_CV, "cv_agg's valid l2", 0.498),
        ("xgboost", XGBOOST, "eval-rmse", 0.01),
        ("xgboost", XGBOOST, "train_rmse", 1.05678),
        ("xgboost", XGBOOST_CV, "test-auc", 0.96),
        ("catboost", CATBOOST, "bestTest", 0.2551),
        ("catboost", CATBOOST, "test", 0.2574321),
        ("huggingface", HUGGING_FACE, "eval_loss", 0.4807),
        ("huggingface", HUGGING_FACE, "eval_accuracy", 0.81),
        ("huggingface", HUGGING_FACE, "loss", 0.4011),
        ("tqdm", TQDM, "loss", 0.62),
        ("tqdm", TQDM, "acc", 0.71),
        ("yaml", YAML, "loss", 0.25),
        ("yaml", YAML, "val/loss", 0.5),
        ("csv", CSV, "val_loss", 0.45),
        ("csv", CSV.replace(",", ";"), "train_loss", 0.5),
    ],
)
def test_each_format_gives_the_value_that_its_author_would_name(
    format: str, text: str, metric: str, value: float
) -> None:
    assert measure(text, metric, format=format).value == value


def test_values_of_an_unfinished_epoch_are_no_values_of_it() -> None:
    assert measure(KERAS, "loss", format="keras", strategy="best").value == 0.412


@pytest.mark.parametrize(
    ("format", "text", "metric", "steps"),
    [
        ("keras", KERAS, "val_loss", [1, 2]),
        ("lightgbm", LIGHTGBM, "valid_1's auc", [10, 20, 14]),
        ("xgboost", XGBOOST, "eval-rmse", [0, 1, 2]),
        ("catboost", CATBOOST, "test", [0, 100]),
        ("huggingface", HUGGING_FACE, "eval_loss", [1, 2]),
    ],
)
def test_the_frameworks_own_count_is_the_step(format: str, text: str, metric: str, steps: list[int]) -> None:
    collector = Collector(Stdout(format=format, step="epoch"), Objective(metric, "minimize"))
    collector.feed(text.encode())
    assert [point.step for point in collector.drain(final=True)] == steps


def test_a_metric_alone_is_enough_where_there_is_one_data_set() -> None:
    assert measure("[7]\tvalid_0's l2: 0.25\n", "l2", format="lightgbm").value == 0.25
    assert measure("[7]\tvalidation_0-rmse:0.25\n", "rmse", format="xgboost").value == 0.25
    with pytest.raises(TrialFailedError, match="train-rmse"):
        measure(XGBOOST, "rmse", format="xgboost")


@pytest.mark.parametrize(
    ("line", "metric", "format"),
    [
        ("{'eval_loss': 0.5, 'epoch': 1.0}", "eval_loss", "huggingface"),
        ("[3]\ttrain-rmse:0.5\teval-rmse:0.6", "eval-rmse", "xgboost"),
        ("[3]\tvalid_0's l2: 0.5", "l2", "lightgbm"),
        ("3:\tlearn: 0.5\ttotal: 57ms\tremaining: 1s", "learn", "catboost"),
        ("32/32 - 1s - 5ms/step - loss: 0.5", "loss", "keras"),
        ("│         test_acc          │    0.82     │", "test_acc", "lightning"),
        ('INFO {"loss": 0.5}', "loss", "json"),
    ],
)
def test_a_metric_that_was_not_found_is_told_by_the_format_that_reads_it(line: str, metric: str, format: str) -> None:
    with pytest.raises(TrialFailedError) as failed:
        measure(f"{line}\n", metric)
    assert f"Stdout(format={format!r}) reads the line" in failed.value.reason
    assert measure(f"{line}\n", metric, format=format).value > 0


@pytest.mark.parametrize(
    ("line", "metric"),
    [
        ("epoch 3 loss: 0.5", "loss"),
        ("loss 0.5", "loss"),
        ("the loss is 0.5 now", "loss"),
        ("loss -> tensor(0.5, device='cuda:0')", "loss"),
        ("Norm: 0.5, NNZs: 4, Avg. loss: 0.693147", "Avg. loss"),
        ("accuracy                           0.93        30", "accuracy"),
        ("(loss, 0.5) loss=1,234 loss: '0.5'", "loss"),
    ],
)
def test_a_metric_that_was_not_found_is_told_by_a_filter_that_reads_it(line: str, metric: str) -> None:
    with pytest.raises(TrialFailedError) as failed:
        measure(f"{line}\n", metric)
    filter = failed.value.reason.split("Stdout(filter=")[1].split(") reads the line")[0]
    assert measure(f"{line}\n", metric, filter=eval(filter)).value > 0


def test_the_remedy_for_a_file_names_the_file() -> None:
    collector = Collector(File("m.log"), Objective("loss"))
    collector.add_line("the loss: 0.5")
    with pytest.raises(TrialFailedError, match=r"File\('m\.log', filter="):
        collector.measure()


def test_the_names_that_were_seen_are_named() -> None:
    with pytest.raises(TrialFailedError, match=r"given for 'epoch', 'val_loss', 'acc'\. Did you mean 'val_loss'"):
        measure("epoch=1 val_loss=0.5\nacc: 0.9\n", "valloss")
    with pytest.raises(TrialFailedError, match=r"given for 'eval/loss', 'step'\."):
        measure('{"eval": {"loss": 0.5}, "step": 3}\n', "loss", format="json")


@pytest.mark.parametrize(
    ("line", "metric", "value"),
    [
        ('{"eval": {"loss": 0.5}}', "eval/loss", 0.5),
        ('{"eval": {"loss": 0.5}}', "eval.loss", 0.5),
        ('{"step": 3, "metrics": {"loss": 0.5}}', "loss", 0.5),
        ('2026-11-29 INFO root {"loss": 0.5}', "loss", 0.5),
        ('[rank {0}] {"loss": 0.5} done', "loss", 0.5),
        ('{"loss": "1,234.5"}', "loss", 1234.5),
        ('{"val loss": 0.5}', "val loss", 0.5),
        ('{"loss": 0.7}{"loss": 0.5}', "loss", 0.5),
        ('[{"loss": 0.7}, {"loss": 0.5}]', "loss", 0.5),
    ],
)
def test_nested_and_prefixed_json(line: str, metric: str, value: float) -> None:
    assert measure(f"{line}\n", metric, format="json").value == value


@pytest.mark.parametrize("last", ['{"loss": 0.2', '{\n  "loss": 0.2,\n  "acc": 1\n}\n', '{"acc": 1,\n"loss": 0.2}\n'])
def test_a_json_object_that_is_not_on_one_line_fails_the_attempt(last: str) -> None:
    with pytest.raises(TrialFailedError, match=r"no whole JSON object|is not on one line"):
        measure('{"loss": 0.5}\n' + last, "loss", format="json")
    assert measure(last + '\n{"loss": 0.5}\n', "loss", format="json").value == 0.5


@pytest.mark.parametrize("name", ["val loss", "valid:auc", "valid_0's l2", "a/b c"])
def test_names_with_blanks_and_colons_are_read(name: str) -> None:
    assert measure(f"loss=7 {name}=0.5 x=1\n", name).value == 0.5
    assert measure(f"{name} = 0.5\n", name, "loss").value == 0.5


def test_each_extra_metric_has_its_strategy() -> None:
    objective = Objective(
        "loss", extra_metrics=["acc", "time", "size", "rate"], strategies={"acc": "max", "time": "min", "size": "mean"}
    )
    collector = Collector(Stdout(), objective)
    for each in (1.0, 3.0, 2.0):
        collector.add_line(f"loss={each} acc={each} time={each} size={each} rate={each}")
    assert collector.measure().metrics == {"acc": 3.0, "time": 1.0, "size": 2.0, "rate": 2.0}


def printed(model: Any, *data: Any) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(*data)
    return out.getvalue()


def test_scikit_learns_networks_are_read_by_the_default_filter() -> None:
    from sklearn.datasets import load_iris
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier((4,), max_iter=20, random_state=0, verbose=True)
    text = printed(model, *load_iris(return_X_y=True))
    assert math.isclose(measure(text, "loss").value, model.loss_, abs_tol=1e-6)


def test_scikit_learns_gradient_descent_is_read_by_a_filter() -> None:
    from sklearn.datasets import load_iris
    from sklearn.linear_model import SGDClassifier

    data, labels = load_iris(return_X_y=True)
    text = printed(SGDClassifier(max_iter=5, tol=None, random_state=0, verbose=1), data, labels == 1)
    last = [line for line in text.splitlines() if "Avg. loss" in line][-1]
    assert measure(text, "Avg. loss", filter={"Avg. loss": r"Avg\. loss: (\S+)"}).value == float(
        last.split("loss: ")[1].split(",")[0]
    )
