"""Who still watches a job. A job that nobody watches is cancelled, so a closed tab gives the engine back.

A browser session holds the jobs it shows. When its connection ends, it lets go of all of them; a reload opens a new
session that takes the same job up again within the grace time. Whoever knows that a session ended says so: this file
does not know Streamlit.
"""

from __future__ import annotations

import threading
from typing import Protocol

GRACE_SECONDS = 3.0  # a reload needs about one; a closed tab frees the engine this late


class Cancellable(Protocol):
    """What the keeper needs of a job."""

    id: str

    @property
    def ended(self) -> bool: ...

    def cancel(self) -> None: ...


class JobKeeper:
    """Thread-safe book of which sessions hold which jobs."""

    def __init__(self, grace_seconds: float = GRACE_SECONDS) -> None:
        self._grace = grace_seconds
        self._lock = threading.Lock()
        self._jobs: dict[str, Cancellable] = {}
        self._holders: dict[str, set[str]] = {}  # job id -> session ids

    def hold(self, job: Cancellable, session_id: str) -> None:
        """This session shows this job. Ended jobs are forgotten on the way, so the book stays small."""
        with self._lock:
            for job_id in [key for key, known in self._jobs.items() if known.ended]:
                self._forget(job_id)
            if not job.ended:
                self._jobs[job.id] = job
                self._holders.setdefault(job.id, set()).add(session_id)

    def leave(self, session_id: str) -> None:
        """The session is gone: after the grace time, cancel those of its jobs that no other session has taken up."""
        with self._lock:
            left = [job_id for job_id, holders in self._holders.items() if session_id in holders]
            for job_id in left:
                self._holders[job_id].discard(session_id)
        if left:
            timer = threading.Timer(self._grace, self._cancel_abandoned, [left])
            timer.daemon = True
            timer.start()

    def _cancel_abandoned(self, job_ids: list[str]) -> None:
        with self._lock:
            abandoned = [self._jobs[job_id] for job_id in job_ids if job_id in self._jobs and not self._holders[job_id]]
            for job in abandoned:
                self._forget(job.id)
        for job in abandoned:
            job.cancel()

    def _forget(self, job_id: str) -> None:
        del self._jobs[job_id]
        del self._holders[job_id]
