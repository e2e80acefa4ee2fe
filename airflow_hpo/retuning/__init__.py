"""The whole cycle as one DAG: tune, re-evaluate, compare, decide, ask, promote, and again next month."""
