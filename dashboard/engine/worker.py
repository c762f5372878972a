"""The one thread that computes. Each tick: choose images fairly, one step each in one batch, tell their jobs.

Between two ticks it takes one short look at a model, if one is asked for (`consults`).
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

import torch
from PIL.Image import Image

from dashboard.engine.batch import advance
from dashboard.engine.board import Board, Task
from dashboard.engine.consults import Consult
from dashboard.engine.denoising import Denoising
from dashboard.engine.errors import ModelUnavailable
from dashboard.engine.loader import Loader, Refusal
from dashboard.engine.memo import Memo
from dashboard.engine.memory import is_out_of_memory
from dashboard.engine.models import LoadedModel
from dashboard.engine.pace import Pace
from dashboard.engine.registry import ModelRegistry

logger = logging.getLogger(__name__)


class Worker:
    """Owns board and consults. Whoever touches them holds `wake`, and notifies it after adding to them."""

    def __init__(
        self, models: ModelRegistry, memo: Memo | None, *, max_rows: int, threads: int | None, max_models: int
    ) -> None:
        self.wake = threading.Condition()
        self.pace = Pace()
        self.board = Board(self.pace)
        self.consults: deque[Consult] = deque()  # waiting, oldest first
        self.max_rows = max_rows
        self.loader = Loader(models, self._on_loaded, max_models=max_models)
        self._memo, self._threads = memo, threads
        self._models: dict[tuple[str, str], LoadedModel] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False

    def start(self) -> None:
        """Start the thread, if it is not running. The caller holds `wake`."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread after its tick, and wait for that."""
        with self.wake:
            self._stopping = True
            self.wake.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _on_loaded(self) -> None:
        with self.wake:
            self.wake.notify_all()

    @torch.inference_mode()
    def _run(self) -> None:
        if self._threads is not None:
            torch.set_num_threads(self._threads)
        while True:
            chosen: list[Task] = []
            consult: Consult | None = None  # what the last tick's hold must be free before models are swapped
            with self.wake:
                chosen, consult = self._choose()
                while not chosen and consult is None and not self._stopping:
                    self.wake.wait()
                    chosen, consult = self._choose()
                if self._stopping:
                    return
            if consult is not None:
                consult.run(self._models[consult.wanted])
            try:
                self._tick(chosen)
            except Exception as error:  # a fault here must cost these images, not the engine
                logger.exception("A tick failed.")
                for task in chosen:
                    self._fail(task, error)

    def _choose(self) -> tuple[list[Task], Consult | None]:
        """The tasks of the next tick, and the look to take before it."""
        self.board.sweep()
        tasks = self.board.tasks
        wanted = {_wanted(task) for task in tasks} | {consult.wanted for consult in self.consults}
        started = {task.request.model for task in tasks if task.image is not None}
        self._models = {}  # what is unloaded must not be held here
        leaving = self.loader.make_room({model_id for model_id, _ in wanted}, started)
        self._find_models(wanted)
        consult = next((c for c in self.consults if c.wanted in self._models), None)
        if consult is not None:
            self.consults.remove(consult)

        def ready(task: Task) -> bool:
            return _wanted(task) in self._models and (task.image is not None or task.request.model not in leaving)

        return self.board.choose(self.max_rows, ready), consult

    def _find_models(self, all_wanted: set[tuple[str, str]]) -> None:
        for wanted in all_wanted:
            outcome = self.loader.outcome(*wanted)
            if isinstance(outcome, LoadedModel):
                self._models[wanted] = outcome
            elif isinstance(outcome, Refusal):
                self._refuse(wanted, outcome)

    def _refuse(self, wanted: tuple[str, str], refusal: Refusal) -> None:
        for task in self.board.tasks:
            if _wanted(task) == wanted:
                for job, _ in self.board.take(task):
                    job.fail(refusal.message)
        for consult in [c for c in self.consults if c.wanted == wanted]:
            self.consults.remove(consult)
            consult.fail(ModelUnavailable(refusal.message))

    def _tick(self, chosen: Sequence[Task]) -> None:
        tasks = {image: task for task in chosen if (image := self._image(task)) is not None}
        if not tasks:
            return
        start = time.perf_counter()
        failures = advance(list(tasks))
        seconds = (time.perf_counter() - start) / sum(task.rows for task in tasks.values())
        for image, task in tasks.items():
            if image in failures:
                self._fail(task, failures[image])
                continue
            self.pace.note(task.request, seconds)
            self._tell(task, image)
            if image.done:
                self._finish(task, image)

    def _image(self, task: Task) -> Denoising | None:
        """The task's image, started now if it was not; None if that failed."""
        if task.image is None:
            try:
                task.image = Denoising(task.request, self._models[_wanted(task)], traced=task.traced)
            except Exception as error:  # one request's fault must not stop the others
                logger.exception("An image could not be started.")
                self._fail(task, error)
        return task.image

    def _tell(self, task: Task, image: Denoising) -> None:
        preview = self._preview(task, image)
        with self.wake:
            seats = list(task.seats)
        for job, index in seats:
            job.stepped(index, step=image.step_index, steps=image.steps, timestep=image.timestep, preview=preview)

    def _preview(self, task: Task, image: Denoising) -> Image | None:
        if not task.wants_preview or image.done:
            return None
        try:
            return image.preview()
        except Exception:  # a picture on the way is a courtesy: without it the images go on
            logger.exception("A preview could not be made.")
            return None

    def _finish(self, task: Task, image: Denoising) -> None:
        try:
            start = time.perf_counter()
            result = image.result()
            result = dataclasses.replace(result, seconds=result.seconds + time.perf_counter() - start)
        except Exception as error:  # one image's fault must not stop the others
            logger.exception("An image could not be decoded.")
            self._fail(task, error)
            return
        if self._memo is not None and task.key is not None:
            self._memo.put(task.key, result)
        with self.wake:
            seats = self.board.take(task)
        for place, (job, index) in enumerate(seats):
            # computed once: for the first seat; the others found it done
            job.finished(index, dataclasses.replace(result, request=job.requests[index], from_memo=place > 0))

    def _fail(self, task: Task, error: Exception) -> None:
        with self.wake:
            seats = self.board.take(task)
        for job, _ in seats:
            job.fail(_sentence(error), retry=is_out_of_memory(error))


def _wanted(task: Task) -> tuple[str, str]:
    return task.request.model, task.request.dtype


def _sentence(error: Exception) -> str:
    if is_out_of_memory(error):
        return "There was not enough memory for this image; try a smaller one, or later."
    if isinstance(error, FloatingPointError):
        return f"This image could not be drawn: {error}."
    return f"This image could not be drawn, because of an error in the engine ({type(error).__name__})."
