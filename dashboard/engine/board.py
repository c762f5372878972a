"""Who waits for what, and whose turn it is. Plain bookkeeping, no threads and no torch: the engine's lock guards it.

A task is one image to compute; a seat is one job's wish for it. An image wanted by several jobs is computed once.
Shares are what turns go round: a learner, or a job without one. Each tick every share in turn gives the first of its
images, again and again until the batch is full; so a learner with 2 images does not wait for one with 200.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dashboard.engine.denoising import Denoising
from dashboard.engine.jobs import Job, Outlook
from dashboard.engine.pace import Pace
from dashboard.engine.requests import ImageRequest
from dashboard.engine.schedulers import SCHEDULERS


@dataclass(eq=False)
class Task:
    """One image to compute, and the seats that wait for it."""

    request: ImageRequest  # resolved
    key: str | None  # content key; None: not shared and not memoised
    traced: bool = False
    seats: list[tuple[Job, int]] = field(default_factory=list)  # (job, index of the image in it)
    image: Denoising | None = None  # once it has started

    @property
    def rows(self) -> int:
        """U-Net rows it takes in one tick."""
        return 2 if self.request.guided else 1

    @property
    def rows_left(self) -> int:
        """U-Net rows until it is done."""
        if self.image is not None:
            return (self.image.steps - self.image.step_index) * self.rows
        return self.request.num_inference_steps * SCHEDULERS[self.request.scheduler].evaluations_per_step * self.rows

    @property
    def wants_preview(self) -> bool:
        return any(job.previews for job, _ in self.seats)


class Board:
    """All tasks that are not done."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._by_key: dict[str, Task] = {}
        self._shares: dict[str, dict[Task, None]] = {}  # in turn order; a task of several jobs stands in several
        self._load: dict[str, float] = {}  # seconds a share: of the tasks that it was the first to want

    @property
    def tasks(self) -> list[Task]:
        """Each task once."""
        return list(dict.fromkeys(task for tasks in self._shares.values() for task in tasks))

    def find(self, key: str | None) -> Task | None:
        """The task that computes this key already."""
        return self._by_key.get(key) if key is not None else None

    def seat(self, task: Task, job: Job, index: int) -> None:
        """Add a wish; the task may be new or on the board already."""
        task.seats.append((job, index))
        if task.key is not None:
            self._by_key[task.key] = task
        self._shares.setdefault(_share(job), {})[task] = None

    def take(self, task: Task) -> list[tuple[Job, int]]:
        """Remove a task that is done or has failed; its seats."""
        seats, task.seats = task.seats, []
        for share in {_share(job) for job, _ in seats}:
            self._shares.get(share, {}).pop(task, None)
        if task.key is not None and self._by_key.get(task.key) is task:  # a newer task may have taken the key
            del self._by_key[task.key]
        return seats

    def sweep(self) -> None:
        """Forget the seats of ended jobs, the tasks that nobody waits for, and count what is left."""
        tasks = self.tasks
        for task in tasks:
            task.seats = [(job, index) for job, index in task.seats if not job.ended]
        shares = {task: {_share(job) for job, _ in task.seats} for task in tasks}
        for share, waiting in list(self._shares.items()):
            kept = {task: None for task in waiting if share in shares[task]}
            self._shares[share] = kept
            if not kept:
                del self._shares[share]
        self._by_key = {key: task for key, task in self._by_key.items() if task.seats}
        self._load = {}
        for task in tasks:
            if task.seats:
                first = _share(task.seats[0][0])
                self._load[first] = self._load.get(first, 0.0) + self._seconds(task)

    def choose(self, most_rows: int, ready: Callable[[Task], bool]) -> list[Task]:
        """The tasks of the next tick, fairly over shares. The shares that were served go to the back."""
        turns = {share: (task for task in tasks if ready(task)) for share, tasks in self._shares.items()}
        chosen: dict[Task, None] = {}
        served: dict[str, None] = {}
        rows = 0
        while turns and rows < most_rows:
            for share in list(turns):
                task = next((t for t in turns[share] if t not in chosen), None)
                if task is None:
                    del turns[share]
                    continue
                if chosen and rows + task.rows > most_rows:
                    turns.clear()
                    break
                chosen[task] = served[share] = None
                rows += task.rows
        for share in served:
            self._shares[share] = self._shares.pop(share)
        return list(chosen)

    def outlook(self, job: Job, *, most_rows: int) -> Outlook:
        """What `job` has to expect. With fair turns, the others take as much time as it does, or all they need."""
        share = _share(job)
        own = [task for task in self._shares.get(share, {}) if any(seated is job for seated, _ in task.seats)]
        ahead = list(self._shares).index(share) + 1 - most_rows // 2 if own else 0
        if not self._pace.measured:
            return Outlook(position=max(0, ahead))
        others = dict(self._load)
        for task in own:
            first = _share(task.seats[0][0])
            others[first] = max(0.0, others.get(first, 0.0) - self._seconds(task))
        eta = sum(self._seconds(task) for task in own)
        wait = sum(min(seconds, eta) for other, seconds in others.items() if other != share)
        return Outlook(position=max(0, ahead), wait_seconds=wait, eta_seconds=eta)

    def seconds_left(self) -> float | None:
        """Until every task is done; None before anything was measured."""
        return sum(self._load.values()) if self._pace.measured else None

    def _seconds(self, task: Task) -> float:
        return self._pace.seconds(task.request, task.rows_left)


def _share(job: Job) -> str:
    return f"learner {job.learner}" if job.learner else f"job {job.id}"
