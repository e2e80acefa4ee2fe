from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(X.shape)


def make():
    """Return a pipeline."""
    return Pipeline([("scale", StandardScaler()), ("svc", SVC())])


param_grid = [
    {"svc__kernel": ["rbf"], "svc__C": [0.1, 1, 10], "svc__gamma": [0.01, 0.1]},
    {"svc__kernel": ["linear"], "svc__C": [0.1, 1]},
]
search = GridSearchCV(make(), param_grid, cv=KFold(3, shuffle=True, random_state=1), scoring="accuracy", n_jobs=2)
search.fit(X_train, y_train)
print(search.best_params_, search.score(X_test, y_test))
