"""A job: some images asked for together. Pages poll `snapshot()`, scripts iterate `events()` or wait for `results()`.

The worker is the only writer; everyone else reads. The worker never waits for a reader.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from PIL.Image import Image

from dashboard.engine.errors import JobCancelled, JobFailed
from dashboard.engine.events import Cancelled, Event, Failed, Finished, ImageDone, Queued, Step
from dashboard.engine.requests import ImageRequest
from dashboard.engine.results import ImageResult

CellState = Literal["waiting", "running", "done", "failed", "cancelled"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled")
CANCELLED_MESSAGE = "This run was cancelled."


@dataclass(frozen=True, kw_only=True)
class CellStatus:
    """Where one image of a job stands."""

    state: CellState = "waiting"
    step: int = 0  # scheduler steps run
    steps: int = 0  # scheduler steps it takes in all; the asked number until it runs
    timestep: int | None = None  # of the last step, 0 .. 999
    preview: Image | None = None
    result: ImageResult | None = None


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What only the engine knows about a job that is not finished."""

    position: int = 0  # images that will be drawn before its first
    wait_seconds: float | None = None  # that other learners' images will take until it is done
    eta_seconds: float | None = None  # of its own work, the waiting left out


@dataclass(frozen=True, kw_only=True)
class JobSnapshot:
    """A job at one moment."""

    id: str
    state: JobState
    cells: tuple[CellStatus, ...]  # one an image, in the order asked
    position: int  # images that will be drawn before its first; 0 once it runs
    progress: float  # 0 .. 1
    eta_seconds: float | None  # of its own work, the waiting left out; None while nothing is known
    wait_seconds: float | None  # that other learners' images will take until it is done; None while nothing is known
    message: str  # a sentence for the learner when failed or cancelled, else empty


@dataclass(frozen=True, kw_only=True)
class JobTimes:
    """Seconds since a job was asked for, waiting included; None for what has not happened."""

    first_step: float | None  # until its first scheduler step was done
    whole: float | None  # until it ended


class Job:
    """Made by `Engine.submit`. Thread-safe."""

    def __init__(
        self,
        job_id: str,
        learner: str,
        requests: tuple[ImageRequest, ...],
        *,
        previews: bool = False,
        outlook: Callable[[Job], Outlook] | None = None,
        asked_at: float | None = None,
    ) -> None:
        """`asked_at`: when the request for it came, on `time.monotonic`'s clock; now, unless it says otherwise."""
        self.id = job_id
        self.learner = learner
        self.requests = requests
        self.previews = previews
        self._outlook = outlook
        self._cells = [CellStatus(steps=r.num_inference_steps) for r in requests]
        self._state: JobState = "queued"
        self._message = ""
        self._retry = False
        self._asked_at = time.monotonic() if asked_at is None else asked_at
        self._first_step_at: float | None = None
        self._ended_at: float | None = None
        self._changed = threading.Condition()

    # ---- readers

    @property
    def state(self) -> JobState:
        return self._state

    @property
    def ended(self) -> bool:
        return self._state in ENDED

    @property
    def cells(self) -> tuple[CellStatus, ...]:
        with self._changed:
            return tuple(self._cells)

    @property
    def waited(self) -> JobTimes:
        """What a clock on the wall says of this job so far."""
        with self._changed:
            first, end = self._first_step_at, self._ended_at
        return JobTimes(
            first_step=None if first is None else first - self._asked_at,
            whole=None if end is None else end - self._asked_at,
        )

    def snapshot(self) -> JobSnapshot:
        """Cheap and immutable; never waits for the worker's computing."""
        outlook = self._outlook(self) if self._outlook and not self.ended else Outlook()
        with self._changed:
            cells, state, message = tuple(self._cells), self._state, self._message
        return JobSnapshot(
            id=self.id,
            state=state,
            cells=cells,
            position=outlook.position if state == "queued" else 0,
            progress=_progress(cells),
            eta_seconds=None if state in ENDED else outlook.eta_seconds,
            wait_seconds=None if state in ENDED else outlook.wait_seconds,
            message=message,
        )

    def events(self) -> Iterator[Event]:
        """Block and yield what happens until the job ends.

        A reader who comes late, or reads slowly, gets the latest `Step` of each image and not all of them;
        every `ImageDone` and the one ending always come.
        """
        seen: tuple[CellStatus, ...] = (CellStatus(),) * len(self.requests)
        position = -1
        while True:
            now = self.snapshot()
            if now.state == "queued" and now.position != position:
                position = now.position
                yield Queued(position=position)
            for index, (old, new) in enumerate(zip(seen, now.cells, strict=True)):
                yield from _cell_events(index, old, new)
            seen = now.cells
            if now.state in ENDED:
                yield self._ending(now)
                return
            self._wait_for_change(now)

    def results(self, timeout: float | None = None) -> tuple[ImageResult, ...]:
        """Wait up to `timeout` seconds; raise `JobFailed`, `JobCancelled` or `TimeoutError`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self.ended:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(f"The job was not finished within {timeout:g} seconds.")
                self._changed.wait(left)
            if self._state == "failed":
                raise JobFailed(self._message, retry=self._retry)
            if self._state == "cancelled":
                raise JobCancelled(self._message)
            return tuple(cell.result for cell in self._cells if cell.result is not None)

    def cancel(self) -> None:
        """Stop the job; its images leave the batch at the next tick. Does nothing to a job that has ended."""
        self._end("cancelled", CANCELLED_MESSAGE)

    # ---- the worker

    def stepped(self, index: int, *, step: int, steps: int, timestep: int | None, preview: Image | None) -> None:
        """Image `index` has run `step` of `steps` scheduler steps (0: it was admitted)."""
        with self._changed:
            if self.ended:
                return
            self._state = "running"
            if step and self._first_step_at is None:
                self._first_step_at = time.monotonic()
            kept = preview if preview is not None else self._cells[index].preview
            self._cells[index] = CellStatus(state="running", step=step, steps=steps, timestep=timestep, preview=kept)
            self._changed.notify_all()

    def finished(self, index: int, result: ImageResult) -> None:
        """Image `index` is done; the job is done with its last image."""
        with self._changed:
            if self.ended:
                return
            steps = result.steps_run
            self._cells[index] = replace(self._cells[index], state="done", step=steps, steps=steps, result=result)
            if all(cell.state == "done" for cell in self._cells):
                self._state, self._ended_at = "done", time.monotonic()
            elif self._state == "queued":
                self._state = "running"
            self._changed.notify_all()

    def fail(self, message: str, *, retry: bool = False) -> None:
        """End the job with one sentence for the learner; `retry`: the same job may work later."""
        self._retry = retry
        self._end("failed", message)

    # ---- inside

    def _end(self, state: Literal["failed", "cancelled"], message: str) -> None:
        with self._changed:
            if self.ended:
                return
            self._state, self._message, self._ended_at = state, message, time.monotonic()
            self._cells = [cell if cell.state == "done" else replace(cell, state=state) for cell in self._cells]
            self._changed.notify_all()

    def _ending(self, now: JobSnapshot) -> Event:
        if now.state == "failed":
            return Failed(message=now.message, retry=self._retry)
        return Finished() if now.state == "done" else Cancelled()

    def _wait_for_change(self, then: JobSnapshot) -> None:
        """Until something happens to this job; while it is queued, half a second at most (its position changes)."""
        with self._changed:
            if self._state == then.state and all(a is b for a, b in zip(self._cells, then.cells, strict=True)):
                self._changed.wait(0.5 if then.state == "queued" else None)


def _cell_events(index: int, old: CellStatus, new: CellStatus) -> Iterator[Event]:
    if new.step > old.step and new.timestep is not None and new.state != "cancelled":
        yield Step(index=index, step=new.step, steps=new.steps, timestep=new.timestep, preview=new.preview)
    if new.result is not None and old.result is None:
        yield ImageDone(index=index, result=new.result)


def _progress(cells: tuple[CellStatus, ...]) -> float:
    """Share of the scheduler steps run, each image weighing as many as it takes."""
    total = sum(max(cell.steps, 1) for cell in cells)
    run = sum(max(cell.steps, 1) if cell.state == "done" else cell.step for cell in cells)
    return run / total if total else 1.0
