"""A teacher without a model, for tests of the pages: real teachings, vectors drawn from a hash of the task."""

from __future__ import annotations

import numpy as np

from dashboard.engine import LearnedWord
from dashboard.teach import Progress, Teaching, WordTask

WIDTH = 8


def progress(task: WordTask, step: int, *, last: bool = False) -> Progress:
    """The teaching of this task after so many steps; its exam falls from 0.1 to 0.05."""
    share = step / task.steps
    seed = list(bytes.fromhex(task.key(f"{step}")))
    vector = np.random.default_rng(seed).normal(size=WIDTH).astype("<f4")
    return Progress(
        step=step,
        steps=task.steps,
        loss=0.11 - 0.05 * share if step else None,
        exam=0.1 - 0.05 * share,
        seconds=step / 10,
        eta_seconds=(task.steps - step) / 10 if step else None,
        word=LearnedWord(task.token, vector.tobytes()),
        last=last,
    )


class FakeSchool:
    """The part of the school's surface that the pages use."""

    def __init__(self) -> None:
        self.tasks: list[WordTask] = []
        self.hold = False  # leave the next teachings in the middle
        self.problem: Exception | None = None  # raised at the next submit
        self._teachings: dict[str, Teaching] = {}

    def submit(self, task: WordTask, *, learner: str, model: str = "pocket") -> Teaching:
        if self.problem is not None:
            raise self.problem
        known = self._teachings.get(task.key(""))
        if known is not None and (known.word is not None or not known.ended):
            return known
        teaching = Teaching(task.key(""), task, model, lambda _: 0)
        teaching.learners.add(learner)
        self.tasks.append(task)
        self._teachings[teaching.id] = teaching
        teaching.advance(progress(task, 0))
        teaching.advance(progress(task, task.steps // 2))
        if not self.hold:
            self.finish(teaching)
        return teaching

    def finish(self, teaching: Teaching) -> None:
        teaching.advance(progress(teaching.task, teaching.task.steps, last=True))
        teaching.end("done")

    def all(self) -> list[Teaching]:
        return list(self._teachings.values())
