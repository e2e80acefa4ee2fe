"""Layout of a study's tasks, as its DAG is parsed: for how many trials there are places."""

from dataclasses import dataclass
from typing import Self

from airflow_hpo.core.budget import most_batches, most_trials
from airflow_hpo.core.study import Study


@dataclass(frozen=True, slots=True)
class Layout:
    """Tasks that were laid out."""

    batches: int
    """Batches that are filled when slots become free, each with ``batch_size`` trials or more; 0 with continuous dispatch."""
    maps: int
    """Mapped tasks of which each trial asks for itself."""
    per_map: int
    """How many trials one of these holds."""

    @classmethod
    def of(cls, study: Study, per_map: int, *, continuous: bool) -> Self:
        """Return the layout of a study, failures and reserve included."""
        if continuous:
            return cls(0, -(-(most_trials(study) + study.reserve) // per_map), per_map)
        return cls(most_batches(study), 1, per_map)

    def places(self, study: Study) -> int:
        """Return for how many trials there are places, at the batch size of a study."""
        return self.batches * study.batch + self.maps * self.per_map

    def largest(self, study: Study) -> int:
        """Return how many trials a study may want at most, so that failures have their places too."""
        places = self.places(study)
        fits = (n for n in range(places, study.wanted, -1) if most_trials(study, n) <= places)
        return next(fits, study.wanted)

    def refusal(self, study: Study) -> str | None:
        """Return why a study has more trials than places, one sentence; None where it has not."""
        places, most = self.places(study), most_trials(study)
        if most <= places:
            return None
        return (
            f"The tasks of {study.name!r} were laid out for {places} trials with parallelism={study.simulations_at_once}, but {study.wanted} trials may "
            f"need {most}, failures included. Write max_trials={study.wanted} in its file, for runs that start then."
        )
