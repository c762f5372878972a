"""The engine's front desk: it checks what is asked, finds what is done already, and seats the rest for the worker."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Concatenate, Literal, ParamSpec, TypeVar

from dashboard.engine.board import Task
from dashboard.engine.consults import MAX_CONSULTS_WAITING, Consult
from dashboard.engine.errors import ModelUnavailable, QueueFull
from dashboard.engine.jobs import Job, Outlook
from dashboard.engine.memo import Memo, content_key
from dashboard.engine.model_info import ModelInfo
from dashboard.engine.models import LoadedModel, latent_shape, resolve
from dashboard.engine.networks import MAX_ROWS
from dashboard.engine.register import JobRegister
from dashboard.engine.registry import ModelRegistry
from dashboard.engine.requests import ImageRequest
from dashboard.engine.results import ImageResult
from dashboard.engine.traces import check_traced_bytes
from dashboard.engine.versions import versions
from dashboard.engine.worker import Worker

MAX_IMAGES_A_JOB = 512
LONGEST_RETRY = 600.0  # seconds

Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, kw_only=True)
class EngineStatus:
    """What the engine is doing."""

    state: Literal["idle", "busy", "loading"]  # "loading": a model is on its way and nothing else can run
    in_flight: int  # images that have started
    waiting: int  # images that have not
    eta_seconds: float | None  # until all are done; None while nothing is known
    models: tuple[str, ...]  # ids in memory
    downloads: tuple[str, ...] = ()  # a phrase each: "Stable Diffusion v1.4, 1.2 of 2.7 GB"


class Engine:
    """Submit images, get jobs. One worker thread, started by the first submit, computes for everyone. Thread-safe."""

    def __init__(
        self,
        models: ModelRegistry,
        *,
        memo: Memo | None = None,
        max_waiting: int = 512,
        max_rows: int = MAX_ROWS,
        threads: int | None = None,
        max_models: int = 2,
    ) -> None:
        """`max_waiting`: images; `max_rows`: U-Net rows a tick; `threads`: processor threads, None = torch's choice.

        `max_models`: in memory at a time, this project's own small ones not counted.
        """
        self.models = models
        self._memo = memo
        self._max_waiting = max_waiting
        self._register = JobRegister()
        self._worker = Worker(models, memo, max_rows=max_rows, threads=threads, max_models=max_models)
        self._board, self._wake = self._worker.board, self._worker.wake  # `_wake` guards board and register
        self._closed = False

    def submit(
        self,
        requests: Sequence[ImageRequest],
        *,
        learner: str = "",
        job_id: str | None = None,
        previews: bool = False,
        use_memo: bool = True,
        traced: bool = False,
    ) -> Job:
        """Ask for 1 to 512 images; returns at once.

        The same `job_id` again gives the same job. A learner has one job in flight: an older one that has not ended is
        cancelled. `use_memo=False` computes every image anew and keeps none. `traced=True` does so too, and each result
        carries its `trace`; MAX_TRACED_BYTES bounds a job's images and steps.

        Raises ValueError (a bad request), UnknownModel, ModelUnavailable or QueueFull, each with one sentence.
        """
        if not 1 <= len(requests) <= MAX_IMAGES_A_JOB or not all(isinstance(r, ImageRequest) for r in requests):
            raise ValueError(f"A job has 1 to {MAX_IMAGES_A_JOB} images.")
        asked, asked_at = tuple(requests), time.monotonic()
        with self._wake:
            known = self._register.find(job_id, asked)
        if known is not None:
            return known
        tasks = self._tasks(asked, use_memo=use_memo and not traced, traced=traced)
        found = [self._remembered(task) for task in tasks]  # reads files: not while others wait for the lock
        job = Job(
            job_id or uuid.uuid4().hex, learner, asked, previews=previews, outlook=self._outlook, asked_at=asked_at
        )
        with self._wake:
            known = self._register.find(job_id, asked)  # the same click may have come twice at once
            if known is not None:
                return known
            if self._closed:
                raise ModelUnavailable("The engine has been shut down.")
            self._cancel_learner(learner)
            self._seat(job, tasks, found)
            self._register.add(job)
            self._worker.start()
            self._wake.notify_all()
        return job

    def consult(
        self,
        model_id: str,
        work: Callable[Concatenate[LoadedModel, Arguments], Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Future[Answer]:
        """Run `work(model, ...)` once, in the worker's thread between two ticks; returns at once.

        For short looks: one picture encoded or decoded, one U-Net evaluation. Ticks wait for it, never for two in a
        row. The future fails with ModelUnavailable or ConsultFailed, one sentence each; it can be cancelled until it
        runs.

        Raises UnknownModel, ModelUnavailable or QueueFull.
        """
        info = self.models.info(model_id)
        if not info.available:
            raise ModelUnavailable(f"{info.name} cannot run here: {info.reason}")
        consult = Consult((model_id, info.dtype), lambda model: work(model, *args, **kwargs))
        with self._wake:
            if self._closed:
                raise ModelUnavailable("The engine has been shut down.")
            if len(self._worker.consults) >= MAX_CONSULTS_WAITING:
                raise QueueFull("The engine is full: many looks at its models are waiting. Try again.", retry_after=5.0)
            self._worker.consults.append(consult)
            self._worker.start()
            self._wake.notify_all()
        return consult.future

    def job(self, job_id: str) -> Job | None:
        """A job that has not ended, or one that ended not long ago."""
        with self._wake:
            return self._register.get(job_id)

    def cancel_learner(self, learner: str) -> None:
        """Cancel what this learner has in flight (their tab was closed)."""
        with self._wake:
            self._cancel_learner(learner)

    def status(self) -> EngineStatus:
        with self._wake:
            self._board.sweep()
            tasks, seconds = self._board.tasks, self._board.seconds_left()
        started = sum(task.image is not None for task in tasks)
        loading = self._worker.loader.loading
        return EngineStatus(
            state="busy" if started or (tasks and not loading) else "loading" if loading else "idle",
            in_flight=started,
            waiting=len(tasks) - started,
            eta_seconds=seconds,
            models=self.models.loaded_ids(),
            downloads=tuple(
                f"{self.models.info(model_id).name}, {download.done / 1e9:.1f} of {download.total / 1e9:.1f} GB"
                for model_id, download in self.models.downloads().items()
            ),
        )

    def warm(self, model_id: str) -> None:
        """Start loading the model and running one step, so that the first learner does not wait. Returns at once."""
        self.submit([ImageRequest(prompt="", num_inference_steps=1, model=model_id)], use_memo=False)

    def close(self) -> None:
        """End the worker after its tick; jobs and consults that have not ended fail with a sentence."""
        with self._wake:
            self._closed = True
            for job in self._register.unfinished():
                job.fail("The engine was shut down before this run was done.", retry=True)
            for consult in self._worker.consults:
                consult.fail(ModelUnavailable("The engine was shut down before this look at the model was taken."))
            self._worker.consults.clear()
        self._worker.stop()

    # ---- inside

    def _tasks(self, requests: Sequence[ImageRequest], *, use_memo: bool, traced: bool) -> list[Task]:
        """A task for each request, resolved, with its content key."""
        infos = {model_id: self.models.info(model_id) for model_id in {r.model for r in requests}}
        for info in infos.values():
            if not info.available:
                raise ModelUnavailable(f"{info.name} cannot run here: {info.reason}")
        resolved = [resolve(request, infos[request.model]) for request in requests]
        if traced:
            check_traced_bytes(resolved, [latent_shape(infos[r.model], r) for r in resolved])
        hashes = {model_id: self.models.weights_sha256(model_id) if use_memo else None for model_id in infos}
        return [Task(r, _key(r, hashes[r.model], infos[r.model]), traced) for r in resolved]

    def _remembered(self, task: Task) -> ImageResult | None:
        return self._memo.get(task.key) if self._memo is not None and task.key is not None else None

    def _seat(self, job: Job, tasks: Sequence[Task], found: Sequence[ImageResult | None]) -> None:
        """Give each image what the memo had, a task that runs already, or its own new task; else QueueFull."""
        self._board.sweep()
        places: list[Task | ImageResult] = []
        fresh: dict[str, Task] = {}  # of this job, by key: it may ask for one image twice
        for task, result in zip(tasks, found, strict=True):
            running = self._board.find(task.key)
            # without a result and not running, it may have been finished between our first look and now
            place = result or running or self._remembered(task)
            if place is None:
                place = fresh.setdefault(task.key, task) if task.key is not None else task
            places.append(place)
        self._refuse_if_full(len({id(place) for place in places if isinstance(place, Task) and not place.seats}))
        for index, place in enumerate(places):
            if isinstance(place, Task):
                self._board.seat(place, job, index)
            else:
                job.finished(index, dataclasses.replace(place, request=job.requests[index]))

    def _refuse_if_full(self, new: int) -> None:
        waiting = sum(task.image is None for task in self._board.tasks)
        if waiting == 0 or waiting + new <= self._max_waiting:  # an idle engine takes a job of any allowed size
            return
        share = min(1.0, (waiting + new - self._max_waiting) / max(waiting, 1))  # of the queue that must go first
        seconds = share * (self._board.seconds_left() or LONGEST_RETRY)
        retry_after = float(round(min(max(seconds, 1.0), LONGEST_RETRY)))
        raise QueueFull(
            f"The engine is full: {waiting} images are waiting. Try again in about {retry_after:g} seconds.",
            retry_after=retry_after,
        )

    def _cancel_learner(self, learner: str) -> None:
        for job in self._register.unfinished():
            if learner and job.learner == learner:
                job.cancel()

    def _outlook(self, job: Job) -> Outlook:
        with self._wake:
            return self._board.outlook(job, most_rows=self._worker.max_rows)


def _key(request: ImageRequest, weights_sha256: str | None, info: ModelInfo) -> str | None:
    """Hash of everything that the image depends on; None if the model is not on this machine yet."""
    if weights_sha256 is None:
        return None
    values = request.as_dict()
    values["latents"] = [request.latents.sha256, request.latents.shape] if request.latents else None
    return content_key(
        request=values,
        weights=weights_sha256,
        device=info.device,
        safety=info.safety,
        versions=versions(info.speed),
    )
