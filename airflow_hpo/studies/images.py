"""Images that the results of an edition came from."""

from collections.abc import Iterable

from airflow_hpo.core.images import several_sentence
from airflow_hpo.core.progress import own_trials
from airflow_hpo.storage import attempts
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store


@retried
def images_sentence(store: Store, names: Iterable[str], noun: str = "trials") -> str | None:
    """Say under which images the trials of some editions ran; None unless they were several."""
    images: list[str | None] = []
    for name in names:
        found = store.read(attempts.images, name)
        images += [found.get(record.number) for record in own_trials(store.optuna.records(name, details=False))]
    return several_sentence(images, noun)
