"""Metadata of an object of Kubernetes that becomes a study: its name, its namespace, and what a cluster adds."""

from airflow_hpo.importers.fields import Fields

_OF_A_CLUSTER = (
    "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "finalizers", "selfLink",
    "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences",
)  # fmt: skip
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def name_and_namespace(meta: Fields, name: str | None, what: str) -> tuple[str, str | None]:
    """Return the study's name and the namespace; what else the metadata have is about the object in its cluster."""
    meta.silent(*_OF_A_CLUSTER)
    given, generated = meta.text("name"), meta.text("generateName")
    if not name and not given:
        if generated:
            meta.findings.renamed(
                "metadata.generateName",
                "A study has the same name in every run. Give another one by name= (--name).",
                "study.name",
            )
        else:
            meta.findings.missing(
                "metadata.name", f"A study has a name, but {what} has none. Give name='tides' (--name tides)."
            )
    meta.left_out("labels", f"Labels of {what} are not carried. Write labels= for those that pods are to have.")
    annotations = meta.part("annotations")
    annotations.silent(_LAST_APPLIED)
    for each in annotations.data:
        if each != _LAST_APPLIED:
            annotations.left_out(each, f"It is about {what} in the cluster.")
    namespace = meta.text("namespace")
    meta.close()
    return name or given or (generated or "").rstrip("-") or "unnamed", namespace
