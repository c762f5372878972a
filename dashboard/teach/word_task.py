"""Textual inversion (Gal et al. 2022, arXiv:2208.01618): one new vector learns, everything else stays as it is."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from dashboard.engine import LearnedWord
from dashboard.teach.pictures import MAX_PICTURES
from dashboard.teach.student import Student

MIN_STEPS, DEFAULT_STEPS, MAX_STEPS = 10, 120, 400
MAX_SECONDS = 90.0  # of teaching; a slow machine stops here with what it has
BATCH = 8  # noisy pictures a step: two steps a second of one quiet core, and the engine hardly notices
LEARNING_RATE = 0.005  # a hundredth of the norm of Pocket's vectors
EXAM_ROWS = 32
EXAM_EVERY = 20  # steps
PROMPTS = ("a photo of a {}", "a photograph of a {}", "a picture of a {}", "an image of a {}")
MAX_TEXT = 60  # characters of the start word and of the setting


@dataclass(frozen=True, kw_only=True)
class WordTask:
    """What to teach. ValueError, one sentence, for anything out of range."""

    token: str  # the new word, as it will stand in prompts: "<name>"
    start_word: str  # words that the model knows: the new vector starts as theirs
    pictures: tuple[bytes, ...]  # 1 to 8, RGB bytes, each as large as the model's native size
    setting: str = ""  # what else the pictures show, such as "on a white background": the word need not learn it
    steps: int = DEFAULT_STEPS
    seed: int = 0  # of the noise that it practises on

    def __post_init__(self) -> None:
        LearnedWord(self.token, bytes(4))  # its name is checked there
        if not isinstance(self.start_word, str) or not 1 <= len(self.start_word.strip()) <= MAX_TEXT:
            raise ValueError(f"The start word is a word or two that the model knows, up to {MAX_TEXT} characters.")
        if not isinstance(self.setting, str) or len(self.setting) > MAX_TEXT or "{" in self.setting:
            raise ValueError(f"What else the pictures show is said in up to {MAX_TEXT} characters, without braces.")
        if not 1 <= len(self.pictures) <= MAX_PICTURES or not all(isinstance(p, bytes) for p in self.pictures):
            raise ValueError(f"A word is taught from 1 to {MAX_PICTURES} pictures.")
        if not isinstance(self.steps, int) or not MIN_STEPS <= self.steps <= MAX_STEPS:
            raise ValueError(f"The teaching takes from {MIN_STEPS} to {MAX_STEPS} steps.")
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise ValueError("The seed of the teaching must be a whole number from 0 to 2^63 - 1.")

    def prompts(self) -> tuple[str, ...]:
        """The captions that stand in for the ones nobody wrote."""
        return tuple(f"{prompt.format(self.token)} {self.setting.strip()}".strip() for prompt in PROMPTS)

    def key(self, weights_sha256: str) -> str:
        """Hash of everything that the learned vector depends on, but for the machine."""
        parts = (
            self.token,
            self.start_word.strip(),
            self.setting.strip(),
            str(self.steps),
            str(self.seed),
            weights_sha256,
        )
        digest = hashlib.sha256("\0".join(parts).encode())
        for picture in self.pictures:
            digest.update(hashlib.sha256(picture).digest())
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where the teaching stands after `step` of its `steps`."""

    step: int  # 0: before the first
    steps: int
    loss: float | None  # weighted noise-prediction error of this step's batch; None at step 0
    exam: float | None  # the same error on 32 noisy pictures that are never practised on; measured now and then
    seconds: float  # since the teaching began
    eta_seconds: float | None  # until it ends
    word: LearnedWord  # as learned so far
    last: bool  # nothing more comes: the steps are done, or the time is up


def teach_word(student: Student, task: WordTask, *, max_seconds: float = MAX_SECONDS) -> Iterator[Progress]:
    """Teach; yields after every step, and first at step 0. Stop it by not going on. ValueError for a wrong size.

    Ends early when `max_seconds` are over, with an exam of what was learned by then.
    """
    size = 3 * student.side**2
    if any(len(picture) != size for picture in task.pictures):
        raise ValueError(f"The pictures must be {student.side} x {student.side} pixels.")
    start = time.monotonic()
    latents = student.latents(task.pictures)
    ids = student.ids(task.prompts(), task.token)
    vector = student.embedding(task.start_word).clone().requires_grad_()
    optimizer = torch.optim.AdamW([vector], lr=LEARNING_RATE, weight_decay=0.0)
    exam = _Batch.spread(torch.Generator().manual_seed(task.seed + 1), EXAM_ROWS, latents, ids, student.timesteps)
    practice = torch.Generator().manual_seed(task.seed)
    loss: float | None = None
    for step in range(task.steps + 1):
        if step > 0:
            batch = _Batch.spread(practice, BATCH, latents, ids, student.timesteps)
            errors = batch.errors(student, vector)
            optimizer.zero_grad()
            errors.mean().backward()
            optimizer.step()
            student.shorten(vector)
            loss = float(errors.detach().mean())
        seconds = time.monotonic() - start
        last = step == task.steps or seconds >= max_seconds
        examined = step % EXAM_EVERY == 0 or last
        yield Progress(
            step=step,
            steps=task.steps,
            loss=loss,
            exam=_examine(student, exam, vector) if examined else None,
            seconds=seconds,
            eta_seconds=max(0.0, min(seconds / step * (task.steps - step), max_seconds - seconds)) if step else None,
            word=LearnedWord.from_tensor(task.token, vector),
            last=last,
        )
        if last:
            return


@torch.no_grad()
def _examine(student: Student, exam: _Batch, vector: Tensor) -> float:
    return float(exam.errors(student, vector).mean())


@dataclass(frozen=True)
class _Batch:
    """Noisy pictures with their prompts."""

    latents: Tensor  # (B, C, h, w)
    noise: Tensor  # (B, C, h, w)
    timesteps: Tensor  # (B,)
    ids: Tensor  # (B, T)

    @classmethod
    def spread(cls, generator: torch.Generator, rows: int, latents: Tensor, ids: Tensor, timesteps: int) -> _Batch:
        """Random pictures, prompts and noise; one random timestep in each of `rows` equal parts of the schedule."""
        picked = torch.randint(len(latents), (rows,), generator=generator)
        return cls(
            latents=latents[picked],
            noise=torch.randn((rows, *latents.shape[1:]), generator=generator),
            timesteps=((torch.arange(rows) + torch.rand(rows, generator=generator)) / rows * timesteps).long(),
            ids=ids[torch.randint(len(ids), (rows,), generator=generator)],
        )

    def errors(self, student: Student, vector: Tensor) -> Tensor:
        return student.noise_errors(vector, self.ids, self.latents, self.noise, self.timesteps)
