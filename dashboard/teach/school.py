"""The server's one teacher: words are taught one after another, in a thread beside the engine's worker."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dashboard.engine import LearnedWord, ModelRegistry, ModelUnavailable, QueueFull
from dashboard.teach.student import Student
from dashboard.teach.word_task import MAX_SECONDS, Progress, WordTask, teach_word
from dashboard.threads import use_here

logger = logging.getLogger(__name__)

MAX_WAITING = 8
MAX_KEPT = 64  # teachings that have ended: some kilobytes each
NICENESS = 5  # of the teacher's thread, where the system knows it: images go first
State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class TeachingSnapshot:
    """A teaching at one moment."""

    state: State
    ahead: int  # words that are taught before this one; 0 once it runs
    history: tuple[Progress, ...]
    message: str  # a sentence for the learner when failed or cancelled, else empty


class Teaching:
    """One word being taught, perhaps for several learners who asked for the same. Thread-safe."""

    def __init__(self, teaching_id: str, task: WordTask, model: str, ahead: Callable[[Teaching], int]) -> None:
        self.id, self.task, self.model = teaching_id, task, model
        self.learners: set[str] = set()
        self._ahead = ahead
        self._lock = threading.Lock()
        self._state: State = "queued"
        self._message = ""
        self._history: list[Progress] = []

    @property
    def ended(self) -> bool:
        return self._state in ("done", "failed", "cancelled")

    @property
    def word(self) -> LearnedWord | None:
        """The learned word; None until the teaching is done."""
        return self._history[-1].word if self._state == "done" else None

    def snapshot(self) -> TeachingSnapshot:
        """Cheap and immutable; never waits for the teacher's computing."""
        ahead = self._ahead(self) if self._state == "queued" else 0
        with self._lock:
            return TeachingSnapshot(state=self._state, ahead=ahead, history=tuple(self._history), message=self._message)

    def cancel(self) -> None:
        """Stop it after its step, for everyone. Does nothing to one that has ended."""
        self.end("cancelled", "This teaching was stopped.")

    def leave(self, learner: str) -> None:
        """One learner wants it no more; it stops when nobody does."""
        self.learners.discard(learner)
        if not self.learners:
            self.cancel()

    def advance(self, progress: Progress) -> None:
        """The teacher has taken a step."""
        with self._lock:
            if not self.ended:
                self._state = "running"
                self._history.append(progress)

    def end(self, state: Literal["done", "failed", "cancelled"], message: str = "") -> None:
        with self._lock:
            if not self.ended:
                self._state, self._message = state, message


class School:
    """Submit tasks, get teachings. One thread, started by the first task. Thread-safe."""

    def __init__(self, models: ModelRegistry, *, max_seconds: float = MAX_SECONDS) -> None:
        """`max_seconds`: the longest that one word is taught."""
        self._models, self._max_seconds = models, max_seconds
        self._wake = threading.Condition()
        self._teachings: OrderedDict[str, Teaching] = OrderedDict()  # by id; those that have ended well stay a while
        self._waiting: list[Teaching] = []
        self._current: Teaching | None = None
        self._student: tuple[str, Student] | None = None  # the last model that was taught
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, task: WordTask, *, learner: str, model: str = "pocket") -> Teaching:
        """Ask for a word to be taught; returns at once.

        The same task again gives the same teaching, also long after it is done. A learner has one in progress: an older
        one is left. Raises ValueError, UnknownModel, ModelUnavailable or QueueFull, each with one sentence.
        """
        info = self._models.info(model)
        weights = self._models.weights_sha256(model) if info.available else None
        if weights is None:
            raise ModelUnavailable(f"{info.name} cannot be taught here: {info.reason}")
        if any(len(picture) != 3 * info.native_size**2 for picture in task.pictures):
            raise ValueError(f"The pictures must be {info.native_size} x {info.native_size} pixels.")
        key = task.key(weights)
        with self._wake:
            self._leave_others(learner, key)
            known = self._teachings.get(key)
            if known is not None and (known.word is not None or not known.ended):
                known.learners.add(learner)
                return known
            return self._enrol(Teaching(key, task, model, self._ahead), learner)

    def close(self) -> None:
        """End the thread after its step; what has not ended fails with a sentence."""
        with self._wake:
            self._closed = True
            for teaching in self._teachings.values():
                teaching.end("failed", "The server was shut down before this word was learned.")
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()

    # ---- inside

    def _leave_others(self, learner: str, key: str) -> None:
        for teaching in self._teachings.values():
            if teaching.id != key and learner in teaching.learners and not teaching.ended:
                teaching.leave(learner)

    def _enrol(self, teaching: Teaching, learner: str) -> Teaching:
        self._waiting = [other for other in self._waiting if not other.ended]
        if self._closed:
            raise ModelUnavailable("The server has been shut down.")
        if len(self._waiting) >= MAX_WAITING:
            wait = self._max_seconds * len(self._waiting)
            raise QueueFull(f"{len(self._waiting)} words are waiting to be taught. Try again later.", retry_after=wait)
        teaching.learners.add(learner)
        self._teachings[teaching.id] = teaching
        ended = [key for key, other in self._teachings.items() if other.ended]
        for key in ended[: max(0, len(ended) - MAX_KEPT)]:
            del self._teachings[key]
        self._waiting.append(teaching)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="teacher", daemon=True)
            self._thread.start()
        self._wake.notify_all()
        return teaching

    def _ahead(self, teaching: Teaching) -> int:
        with self._wake:
            waiting = [other for other in self._waiting if not other.ended]
            running = self._current is not None and not self._current.ended
        return (waiting.index(teaching) if teaching in waiting else 0) + running

    def _run(self) -> None:
        _stand_back()
        while (teaching := self._next()) is not None:
            try:
                self._teach(teaching)
            except ModelUnavailable as error:
                teaching.end("failed", str(error))
            except Exception as error:  # one task's fault must not end the teacher
                logger.exception("A word could not be taught.")
                teaching.end("failed", f"This word could not be taught, because of an error ({type(error).__name__}).")

    def _next(self) -> Teaching | None:
        """The next task that somebody still wants; waits for one. None when the school is closed."""
        with self._wake:
            self._current = None
            while not self._closed:
                while self._waiting:
                    teaching = self._waiting.pop(0)
                    if not teaching.ended:
                        self._current = teaching
                        return teaching
                self._wake.wait()
        return None

    def _teach(self, teaching: Teaching) -> None:
        if self._student is None or self._student[0] != teaching.model:
            self._student = (teaching.model, Student(self._models.info(teaching.model)))
        for progress in teach_word(self._student[1], teaching.task, max_seconds=self._max_seconds):
            teaching.advance(progress)
            if teaching.ended:
                return
        teaching.end("done")


def _stand_back() -> None:
    """One processor thread, and where the system can do it a low priority: both hold for the calling thread only."""
    use_here(1)
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
