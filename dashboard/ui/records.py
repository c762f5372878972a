"""What a learner has done in each lesson: guesses, quiz answers, experiments run, notes.

Kept on the server under the learner's token, so that a reload, a second tab or a lost connection does not lose it.
It lives as long as the server does.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import streamlit as st

from dashboard.course import Lesson
from dashboard.ui.session import learner

MAX_LEARNERS = 2_000  # the least recently seen are forgotten beyond this


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A committed prediction; `option` None means the learner skipped it."""

    option: int | None
    confidence: int = 0  # per cent

    @property
    def skipped(self) -> bool:
        return self.option is None

    def points(self, outcome: int) -> int:
        """100 at best: the quadratic (Brier) score of the stated confidence, so that honesty pays best."""
        miss = (1 - self.confidence / 100) if self.option == outcome else self.confidence / 100
        return round(100 * (1 - miss**2))


@dataclass
class LessonRecord:
    """One learner's work in one lesson."""

    guesses: dict[str, Guess] = field(default_factory=dict)  # by experiment id
    answers: dict[int, int] = field(default_factory=dict)  # question index -> option index last chosen
    ran: set[str] = field(default_factory=set)  # experiment ids
    notes: str = ""
    choices: dict[str, str] = field(default_factory=dict)  # made on this page and followed by others


class RecordBook:
    """Every learner's records, in memory. Thread-safe; bounded."""

    def __init__(self, max_learners: int = MAX_LEARNERS) -> None:
        self._max = max_learners
        self._lock = threading.Lock()
        self._books: OrderedDict[str, dict[str, LessonRecord]] = OrderedDict()

    def of(self, token: str, lesson_id: str) -> LessonRecord:
        """The learner's record of a lesson, made empty when there is none."""
        with self._lock:
            book = self._books.setdefault(token, {})
            self._books.move_to_end(token)
            while len(self._books) > self._max:
                self._books.popitem(last=False)
            return book.setdefault(lesson_id, LessonRecord())


@st.cache_resource(show_spinner=False)
def book() -> RecordBook:
    """The server's one record book."""
    return RecordBook()


def record(lesson_id: str) -> LessonRecord:
    """This learner's record of a lesson."""
    return book().of(learner(), lesson_id)


def progress(lesson: Lesson) -> tuple[int, int]:
    """(done, of): predictions made, experiments run and quiz questions answered right, of those the lesson has."""
    mine = record(lesson.id)
    right = sum(mine.answers.get(i) == q.answer - 1 for i, q in enumerate(lesson.quiz))
    experiments = set(lesson.experiments) - {"first"}
    done = len(mine.guesses.keys() & lesson.predictions.keys()) + len(mine.ran & experiments) + right
    return done, len(lesson.predictions) + len(experiments) + len(lesson.quiz)
