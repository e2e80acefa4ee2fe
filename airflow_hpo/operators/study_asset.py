"""Asset of a study, which is updated when its best trial is found."""

from airflow.sdk import Asset

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.names import ascii_form, is_name, one_spelling
from airflow_hpo.core.remedy import named
from airflow_hpo.core.study import STUDY_NAME, Study
from airflow_hpo.exceptions import DeclarationError


def study_asset(name: str) -> Asset:
    """Return the asset that is updated whenever a study finds its best trial.

    Schedule a DAG on it to do something with the result.

    Example::

        from airflow.sdk import DAG

        with DAG("after_tuning", schedule=[study_asset("valley")]):
            pass

    :param name: the study's name.
    """
    if not isinstance(name, str) or not is_name(STUDY_NAME, one_spelling(name)):
        meant = name.name if isinstance(name, Study) else named(name)
        raise DeclarationError(
            f"An asset is found by its study's name, but got {brief_repr(name)}. Write study_asset({meant!r})."
        )
    name = ascii_form(name, "~")
    stem = name.rstrip("/")
    # Airflow drops slashes at the end of a URI, so that `a/` would be the asset of `a`.
    return Asset(name=f"hpo_study_{name}", uri=f"hpo://study/{stem}{'%2F' * (len(name) - len(stem))}")
