from scipy.stats import loguniform
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

if __name__ == "__main__":
    X, y = load_wine(return_X_y=True)
    pipe = Pipeline(
        [
            ("scale", StandardScaler()),
            ("reduce", "passthrough"),
            ("clf", LogisticRegression()),
        ]
    )
    space = [
        {"clf": [LogisticRegression(max_iter=500)], "clf__C": loguniform(0.01, 10)},
        {"clf": [RidgeClassifier()], "reduce": ["passthrough", PCA(3), PCA(5)]},
    ]
    RandomizedSearchCV(
        pipe, space, n_iter=5, scoring=["accuracy", "f1_macro"], refit="f1_macro", random_state=3, cv=3, n_jobs=-1
    ).fit(X, y=y)
