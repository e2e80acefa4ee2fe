"""Runs real programs and keeps what they print, with what their own objects say was measured; see README.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def data(name: str) -> Any:
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    return train_test_split(*getattr(datasets, f"load_{name}")(return_X_y=True), random_state=0)


def lightgbm() -> dict[str, float]:
    import lightgbm as lgb

    a, b, c, d = data("breast_cancer")
    train = lgb.Dataset(a, c)
    options = {"objective": "binary", "metric": ["binary_logloss", "auc"], "num_threads": 1, "seed": 0}
    sets = [train, lgb.Dataset(b, d, reference=train)]
    told = [lgb.early_stopping(5), lgb.log_evaluation(5)]
    model = lgb.train(options, train, 60, valid_sets=sets, valid_names=["training", "valid_1"], callbacks=told)
    return {f"{name}'s {metric}": value for name, each in model.best_score.items() for metric, value in each.items()}


def lightgbm_cv() -> dict[str, float]:
    import lightgbm as lgb

    a, _, c, _ = data("diabetes")
    options = {"objective": "regression", "metric": "l2", "num_threads": 1, "verbose": -1}
    told = lgb.cv(options, lgb.Dataset(a, c), 20, nfold=3, stratified=False, callbacks=[lgb.log_evaluation(10)])
    return {"valid's l2": told["valid l2-mean"][-1], "l2": told["valid l2-mean"][-1]}


def xgboost() -> dict[str, float]:
    import xgboost as xgb

    a, b, c, d = data("breast_cancer")
    sets = [(xgb.DMatrix(a, c), "train"), (xgb.DMatrix(b, d), "eval")]
    options = {"objective": "binary:logistic", "eval_metric": ["auc", "logloss"], "nthread": 1, "seed": 0}
    told: dict[str, Any] = {}
    xgb.train(options, sets[0][0], 60, evals=sets, early_stopping_rounds=5, verbose_eval=10, evals_result=told)
    return {f"{name}-{metric}": values[-1] for name, each in told.items() for metric, values in each.items()}


def xgboost_cv() -> dict[str, float]:
    import xgboost as xgb

    a, _, c, _ = data("diabetes")
    told = xgb.cv({"nthread": 1, "seed": 0}, xgb.DMatrix(a, c), 20, nfold=3, verbose_eval=5, metrics=["rmse"])
    return {"test-rmse": told["test-rmse-mean"].iloc[-1], "train-rmse": told["train-rmse-mean"].iloc[-1]}


def catboost() -> dict[str, float]:
    from catboost import CatBoostClassifier

    a, b, c, d = data("breast_cancer")
    model = CatBoostClassifier(100, eval_metric="AUC", early_stopping_rounds=20, thread_count=1, random_seed=0)
    model.set_params(verbose=20, allow_writing_files=False)
    model.fit(a, c, eval_set=(b, d))
    return {"bestTest": model.get_best_score()["validation"]["AUC"]}


def catboost_two_sets() -> dict[str, float]:
    from catboost import CatBoostRegressor

    a, b, c, d = data("diabetes")
    model = CatBoostRegressor(30, verbose=10, allow_writing_files=False, thread_count=1, random_seed=0)
    model.fit(a, c, eval_set=[(b[:50], d[:50]), (b[50:], d[50:])])
    told = {name: each["RMSE"][-1] for name, each in model.get_evals_result().items()}
    best = model.get_best_score()["validation_1"]["RMSE"]
    return {"learn": told["learn"], "test": told["validation_0"], "test1": told["validation_1"], "bestTest": best}


def keras(verbose: int) -> dict[str, float]:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras as k

    k.utils.set_random_seed(0)
    a, b, c, d = data("iris")
    layers = [k.layers.Input((4,)), k.layers.Dense(8, "relu"), k.layers.Dense(3, "softmax")]
    model = k.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    told = [
        k.callbacks.ModelCheckpoint("best.keras", monitor="val_loss", save_best_only=True, verbose=1),
        k.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=1, verbose=1),
        k.callbacks.CSVLogger(str(HERE / "keras.csv")),
    ]
    history = model.fit(a, c, validation_data=(b, d), epochs=3, verbose=verbose, callbacks=told).history
    evaluated = model.evaluate(b, d, verbose=verbose, return_dict=True)
    Path("best.keras").unlink()
    return {"val_loss": history["val_loss"][-1], **evaluated}


PROGRAMS: dict[str, Callable[[], dict[str, float]]] = {
    "lightgbm.log": lightgbm,
    "lightgbm_cv.log": lightgbm_cv,
    "xgboost.log": xgboost,
    "xgboost_cv.log": xgboost_cv,
    "catboost.log": catboost,
    "catboost_two_sets.log": catboost_two_sets,
    "keras.log": lambda: keras(2),
    "keras_bar.log": lambda: keras(1),
}


def write_logs() -> None:
    """Run each program in a process of its own, since most of them print from C++."""
    truths = {}
    for name in PROGRAMS:
        with (HERE / name).open("w") as log:
            told = subprocess.run([sys.executable, __file__, name], stdout=log, stderr=subprocess.PIPE, check=True)
        truths[name] = json.loads(told.stderr.splitlines()[-1])
    truths["keras.csv"] = {"val_loss": truths["keras_bar.log"]["val_loss"]}
    (HERE / "measured.json").write_text(json.dumps(truths, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:]:
        measured = {name: float(value) for name, value in PROGRAMS[sys.argv[1]]().items()}
        print(json.dumps(measured), file=sys.stderr)
    else:
        write_logs()
