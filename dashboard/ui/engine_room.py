"""The server's one engine, loaded in a thread so that pages can show their text meanwhile.

Nothing here imports torch when it is itself imported: the engine's room is loaded by the thread.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.course import load_course

if TYPE_CHECKING:
    from dashboard.engine import Engine

WARM_UP = "warm-up"  # the learner id of the server's own first images


@dataclass(frozen=True)
class Loading:
    """The engine, now or soon."""

    future: Future[Engine]
    since: float  # time.monotonic()

    @property
    def done(self) -> bool:
        return self.future.done()

    @property
    def seconds(self) -> float:
        """How long it has been loading."""
        return time.monotonic() - self.since


def build() -> Engine:
    """Build the engine from this server's settings. Loads torch: seconds, the first time."""
    from dashboard.building import import_libraries
    from dashboard.engine import build_engine
    from dashboard.settings import load_settings

    import_libraries()  # the pages that wait for this import them too
    return build_engine(load_settings())


@st.cache_resource(show_spinner=False)
def loading() -> Loading:
    """Start loading the engine, once a server."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine-loader")
    return Loading(future=pool.submit(build), since=time.monotonic())


def engine() -> Engine:
    """The engine; waits while it loads. Raises what building it raised."""
    return loading().future.result()


def start() -> None:
    """Begin loading, and then draw each lesson's first image, so that the first learner finds it in the memo."""
    loading().future.add_done_callback(_draw_first_images)


def stop() -> None:
    """Close the engine when the server ends; a load that never finished or failed leaves nothing to close."""
    room = loading()
    if room.done and room.future.exception() is None:
        room.future.result().close()


def _draw_first_images(future: Future[Engine]) -> None:
    if future.exception() is not None:
        return  # the pages say why
    from dashboard.engine import JobCancelled, JobFailed, ModelUnavailable
    from dashboard.engine.catalogue import POCKET_FAST
    from dashboard.ui.controls import request_from

    lessons, engine = load_course().lessons, future.result()
    wanted = [request_from(lesson.experiments["first"]) for lesson in lessons.values() if "first" in lesson.experiments]
    live = request_from(lessons["playground"].experiments["live"]).replace(model=POCKET_FAST)
    for request in dict.fromkeys([*wanted, live]):
        try:  # one after another: in one batch they would hold up the first learner's own
            engine.submit([request], learner=WARM_UP).results()
        except (JobCancelled, JobFailed, ModelUnavailable):
            return  # the server is ending, or the pages say why
