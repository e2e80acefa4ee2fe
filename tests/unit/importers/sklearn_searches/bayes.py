from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
from skopt import BayesSearchCV
from skopt.space import Categorical, Integer, Real

X, y = load_iris(return_X_y=True)
opt = BayesSearchCV(
    DecisionTreeClassifier(random_state=0),
    {
        "ccp_alpha": Real(1e-6, 1e-1, prior="log-uniform"),
        "max_depth": Integer(1, 8),
        "min_samples_split": [2, 10],
        "criterion": Categorical(["gini", "entropy"]),
        "class_weight": [{0: 1, 1: 1, 2: 1}, None, "balanced"],
    },
    n_iter=12,
    n_points=3,
    optimizer_kwargs={"base_estimator": "RF", "n_initial_points": 4},
    error_score="raise",
)
opt.fit(X, y)
