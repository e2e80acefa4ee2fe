"""Images of trials: whether a result's image is still the one that its tag means, and what an answer says of it."""

from airflow_hpo.core.attempt import Attempt, counting
from airflow_hpo.core.images import differ, digest_of, pinned
from airflow_hpo.storage import attempts
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store


def other_image(store: Store, run: Attempt | None) -> str | None:
    """Say that the newest pod of an attempt's tag had another image than the attempt; None when that is not known."""
    place = run and run.placement
    if not place or not place.image_tag or pinned(place.image_tag):
        return None
    newest = store.read(attempts.newest_image, place.image_tag)
    if not differ(place.image, newest):
        return None
    return f"it ran image {digest_of(place.image)} and a later pod of {place.image_tag} ran {digest_of(newest)}"


@retried
def answer_line(store: Store, name: str, number: int) -> str | None:
    """Say from which image a stored result is; None when no image gave it."""
    run = counting(store.read(attempts.of, name, number))
    if run is None or not (digest := digest_of(run.placement.image)):
        return None
    if pinned(run.placement.image_tag):
        return f"It is answered from image {digest}, which the pod names by this digest."
    return f"It is answered from image {digest}, the tag was not looked at; `rerun='always'` runs it."
