"""Short looks at the model for a page: one after another, with their progress, kept while what they are of stays.

pictures = look_at("diffusion.film", of=result.sha256, wishes=[(probes.decode_latents, latents), ...], doing="Decoding")
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

import streamlit as st

from dashboard.engine import ConsultFailed, Engine, ModelUnavailable, QueueFull
from dashboard.ui import engine_room
from dashboard.ui.models import current_model
from dashboard.ui.once import once

POLL_SECONDS = 0.3
PATIENCE = 60.0  # seconds, for a single look
QUICK_SECONDS = 0.5  # most looks are done within this, so nothing flickers

Answer = TypeVar("Answer")
Wish = tuple[Any, ...]  # a probe, and its arguments after the model


class Looks:
    """Some looks, of which one waits in the engine at a time: nobody fills its queue."""

    def __init__(self, engine: Engine, model_id: str, of: Hashable, wishes: Sequence[Wish]) -> None:
        self.of, self.wishes = of, tuple(wishes)
        self.answers: list[Any] = []
        self.problem = ""  # a sentence
        self.ended = threading.Event()
        self._engine, self._model_id = engine, model_id
        self._next()

    def stop(self) -> None:
        """Take no further look."""
        self.ended.set()

    def _next(self) -> None:
        if len(self.answers) == len(self.wishes):
            self.ended.set()
        if self.ended.is_set():
            return
        work, *arguments = self.wishes[len(self.answers)]
        try:
            future = self._engine.consult(self._model_id, work, *arguments)
        except (ModelUnavailable, QueueFull) as error:
            self._fail(error)
        else:
            future.add_done_callback(self._took)

    def _took(self, future: Future[Any]) -> None:
        try:
            self.answers.append(future.result())
        except (ConsultFailed, ModelUnavailable, CancelledError) as error:
            self._fail(error)
        else:
            self._next()

    def _fail(self, error: BaseException) -> None:
        self.problem = str(error) or "This look at the model was cancelled."
        self.ended.set()


def look_at(key: str, of: Hashable, wishes: Sequence[Wish], *, doing: str) -> tuple[Any, ...] | None:
    """The answers, in order; None while they are not all there, then the page shows how far they are.

    `of`: what the looks are of. They are taken once, and anew when it or the model changes. `doing`: "Decoding".
    """
    looks = _current(f"{key}.looks", (current_model(), of), wishes)
    looks.ended.wait(QUICK_SECONDS)
    if looks.problem:
        st.warning(looks.problem, icon=":material/info:")
        if st.button("Look again", key=f"{key}.look", icon=":material/replay:"):
            del st.session_state[f"{key}.looks"]
            st.rerun()
        return None
    if len(looks.answers) < len(looks.wishes):
        _panel(f"{key}.looks", doing)
        return None
    return tuple(looks.answers)


def look(of: Hashable, work: Callable[..., Answer], *arguments: Any) -> Answer | None:
    """One quick look, waited for, and kept for everyone by what it is of and the model.

    None, with the reason on the page, when it could not be taken.
    """
    try:
        return once(
            (work, current_model(), of),
            lambda: engine_room.engine().consult(current_model(), work, *arguments).result(PATIENCE),
        )
    except TimeoutError:
        st.warning("The engine is very busy. Try again in a minute.", icon=":material/info:")
    except (ConsultFailed, ModelUnavailable, QueueFull) as error:
        st.warning(str(error), icon=":material/info:")
    return None


def _current(key: str, of: Hashable, wishes: Sequence[Wish]) -> Looks:
    looks: Looks | None = st.session_state.get(key)
    if looks is None or looks.of != of:
        if looks is not None:
            looks.stop()
        looks = st.session_state[key] = Looks(engine_room.engine(), current_model(), of, wishes)
    return looks


@st.fragment(run_every=POLL_SECONDS)
def _panel(key: str, doing: str) -> None:
    """How far the looks are. Redraws alone until they have ended."""
    looks: Looks = st.session_state[key]
    if looks.ended.is_set():
        st.rerun()
    done, total = len(looks.answers), len(looks.wishes)
    st.progress(done / total, text=f"{doing}: {done} of {total}")
