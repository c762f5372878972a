"""Work that is not the engine's, such as restoring faces: done in the background, kept while what it is of stays.

A script run never waits long for it: the page shows that it goes on, and is drawn again when it has ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")
POLL_SECONDS = 0.4
QUICK_SECONDS = 1.0  # most work is done within this, so nothing flickers
AT_ONCE = 2  # on the whole server


@dataclass(frozen=True)
class Work:
    """One piece of work of one browser session."""

    of: Hashable
    future: Future[Any]
    since: float  # time.monotonic()


@st.cache_resource(show_spinner=False)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="page-work")


def in_background(key: str, of: Hashable, make: Callable[[], T], *, doing: str) -> T | None:
    """What `make` gives; None while it is not there, then the page shows that it goes on, and None where it failed.

    `of`: what the result depends on: done once for it, by a double click too. `doing`: "Restoring". A ValueError's
    sentence is shown to the learner.
    """
    work = _current(f"{key}.work", of, make)
    try:
        made: T = work.future.result(timeout=QUICK_SECONDS)
    except TimeoutError:
        _panel(f"{key}.work", doing)
        return None
    except (ValueError, CancelledError) as error:
        st.warning(str(error) or "You stopped this.", icon=":material/info:")
        if st.button("Try again", key=f"{key}.retry", icon=":material/replay:"):
            del st.session_state[f"{key}.work"]
            st.rerun()
        return None
    return made


def _current(key: str, of: Hashable, make: Callable[[], Any]) -> Work:
    work: Work | None = st.session_state.get(key)
    if work is None or work.of != of:
        if work is not None:
            work.future.cancel()
        work = st.session_state[key] = Work(of, _pool().submit(make), time.monotonic())
    return work


@st.fragment(run_every=POLL_SECONDS)
def _panel(key: str, doing: str) -> None:
    """How long it has been going on. Redraws alone until it ends."""
    work: Work = st.session_state[key]
    if work.future.done():
        st.rerun()
    waiting = "" if work.future.running() else " (others first)"
    st.caption(f":material/hourglass_empty: {doing}{waiting} … {time.monotonic() - work.since:.0f} s")
