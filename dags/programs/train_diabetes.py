"""Trains gradient boosting on the diabetes data of scikit-learn and prints its error.

An ordinary training program: parameters come as arguments, metrics go to the standard output, one ``name=value`` a line.
The model is judged by cross-validation on 60 % of the patients; ``--test`` judges it on the other 40 % instead.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import cross_val_score, train_test_split


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n-estimators", type=int, default=100)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--max-depth", type=int, default=3)
    parser.add_argument("--min-samples-leaf", type=int, default=1)
    parser.add_argument("--subsample", type=float, default=1.0)
    parser.add_argument("--test", action="store_true")
    options = vars(parser.parse_args())
    test = options.pop("test")

    data, target = load_diabetes(return_X_y=True)
    seen, unseen, seen_target, unseen_target = train_test_split(data, target, test_size=0.4, random_state=0)
    model = GradientBoostingRegressor(random_state=0, **options)
    if test:
        predicted = model.fit(seen, seen_target).predict(unseen)
        print(f"rmse={root_mean_squared_error(unseen_target, predicted):.4f}")
        return
    errors = -cross_val_score(model, seen, seen_target, cv=5, scoring="neg_root_mean_squared_error")
    print(f"worst_fold={errors.max():.4f}")
    print(f"rmse={np.mean(errors):.4f}")


if __name__ == "__main__":
    main()
