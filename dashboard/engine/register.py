"""The jobs by id: those that have not ended, and the last ones that have."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from dashboard.engine.jobs import Job
from dashboard.engine.requests import ImageRequest

ENDED_JOBS_KEPT = 128
ENDED_BYTES_KEPT = 256_000_000  # of pixels and traces


class JobRegister:
    """Not thread-safe: the engine's lock guards it."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def find(self, job_id: str | None, requests: Sequence[ImageRequest]) -> Job | None:
        """The job of that id, if it is there. ValueError if the id belongs to other images."""
        job = self._jobs.get(job_id) if job_id is not None else None
        if job is not None and job.requests != tuple(requests):
            raise ValueError("This job id belongs to other images.")
        return job

    def add(self, job: Job) -> None:
        """Keep the job; the oldest that have ended may go."""
        self._jobs[job.id] = job
        ended = [old for old in self._jobs.values() if old.ended]
        sizes = [sum(cell.result.nbytes for cell in old.cells if cell.result is not None) for old in ended]
        for count, old in enumerate(ended):
            if len(ended) - count <= ENDED_JOBS_KEPT and sum(sizes[count:]) <= ENDED_BYTES_KEPT:
                break
            del self._jobs[old.id]

    def unfinished(self) -> list[Job]:
        return [job for job in self._jobs.values() if not job.ended]
