"""Running an experiment's images: submit once, watch from a fragment, keep the results.

A run belongs to one experiment of one browser session. It is submitted when the learner asks for it, or when the
address says that it was run before (the memo then answers at once). While it runs, only the fragment below redraws.
When it ends, the whole page is drawn once more with the results.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from dashboard.engine import (
    ImageRequest,
    ImageResult,
    Job,
    JobCancelled,
    JobFailed,
    JobSnapshot,
    ModelUnavailable,
    QueueFull,
)
from dashboard.engine.jobs import JobTimes
from dashboard.ui import engine_room
from dashboard.ui.figures import preview_grid
from dashboard.ui.in_flight import in_flight, last_started, take_off
from dashboard.ui.session import browser_session, keeper, learner

POLL_SECONDS = 0.4
QUICK_SECONDS = 0.15  # a memo's answer comes within this, so nothing flickers


@dataclass
class Run:
    """One experiment's images, from asked to shown. Lives in session state."""

    requests: tuple[ImageRequest, ...]
    fresh: bool  # compute anew, without the memo
    titles: tuple[str, ...]
    hidden: bool = False  # no previews: the learner has yet to predict
    traced: bool = False  # keep every step
    nonce: str = field(default_factory=lambda: secrets.token_hex(4))
    job: Job | None = None
    results: tuple[ImageResult, ...] | None = None
    problem: str = ""
    stopped: bool = False  # by the learner's Cancel


def show_run(
    key: str,
    requests: Sequence[ImageRequest],
    titles: Sequence[str],
    *,
    asked_now: bool,
    fresh: bool = False,
    hidden: bool = False,
    traced: bool = False,
) -> tuple[ImageResult, ...] | None:
    """The results of these requests, or None while they are not there; then the page shows how far they are.

    `asked_now`: the learner clicked Run in this script run. `fresh`: never from the memo. `hidden`: show no previews.
    `traced`: each result carries its trace; such a run is never from the memo either.
    """
    run = _current(key, tuple(requests), tuple(titles), fresh=fresh, traced=traced, asked_now=asked_now)
    run.hidden = hidden
    if run.results is None and run.job is None and not run.problem:
        if not asked_now and _another_in_flight(key):
            st.caption(":material/hourglass_empty: Starts when the other experiment on this page is done.")
            return None
        _submit(key, run)
    if run.results is None and not run.problem:
        _panel(key)
    if run.problem:
        _explain(key, run)
    return run.results


def last_requests(key: str) -> tuple[ImageRequest, ...]:
    """What this experiment asked for in its last run of this session; empty when it was not run."""
    run: Run | None = st.session_state.get(f"{key}.state")
    return run.requests if run is not None else ()


def times_of(key: str) -> JobTimes:
    """What the clock said of this experiment's last run in this session."""
    run: Run | None = st.session_state.get(f"{key}.state")
    return run.job.waited if run is not None and run.job is not None else JobTimes(first_step=None, whole=None)


def _current(
    key: str, requests: tuple[ImageRequest, ...], titles: tuple[str, ...], *, fresh: bool, traced: bool, asked_now: bool
) -> Run:
    run: Run | None = st.session_state.get(f"{key}.state")
    same = run is not None and run.requests == requests and run.fresh == fresh
    ended_badly = run is not None and bool(run.problem)
    again = asked_now and run is not None and (ended_badly or (fresh and run.results is not None))
    if run is None or not same or again:
        run = Run(requests=requests, fresh=fresh, traced=traced, titles=titles)
        st.session_state[f"{key}.state"] = run
    return run


def _submit(key: str, run: Run) -> None:
    """Hand the run to the engine. A learner who asks for the same images gets the same job, also after a reload."""
    try:
        run.job = engine_room.engine().submit(
            run.requests,
            learner=f"{learner()}.{browser_session().id}",
            job_id=_job_id(key, run),
            previews=True,
            use_memo=not run.fresh,
            traced=run.traced,
        )
    except QueueFull as full:
        run.problem = f"Many images are waiting on this server. Try again in about {full.retry_after:.0f} seconds."
    except (ValueError, ModelUnavailable) as error:
        run.problem = str(error)
    else:
        take_off(key, run.job)
        keeper().hold(run.job, browser_session().id)
        _collect(key, run, wait=QUICK_SECONDS)


def _job_id(key: str, run: Run) -> str:
    asked = json.dumps([request.as_dict() for request in run.requests], sort_keys=True)
    nonce = run.nonce if run.fresh else "traced" if run.traced else ""
    digest = hashlib.sha256(f"{learner()} {key} {nonce} {asked}".encode()).hexdigest()[:24]
    for attempt in itertools.count():
        job = engine_room.engine().job(f"{digest}-{attempt}")
        if job is None or job.snapshot().state not in ("failed", "cancelled"):
            break
    return f"{digest}-{attempt}"


def _collect(key: str, run: Run, *, wait: float = 0.0) -> bool:
    """Take what an ended job leaves; True when the run has ended, well or badly."""
    assert run.job is not None
    try:
        run.results = run.job.results(timeout=wait)
    except TimeoutError:
        return False
    except JobFailed as failed:
        run.problem = str(failed)
    except JobCancelled:
        if not run.stopped and last_started() == key:
            run.job = None  # the connection was lost for a while: begin again
            return True
        run.problem = "You stopped this run." if run.stopped else "This run gave way to another one that you started."
    return True


def _another_in_flight(key: str) -> bool:
    return in_flight() not in (None, key)


@st.fragment(run_every=POLL_SECONDS)
def _panel(key: str) -> None:
    """The moving part of a page: previews, progress and Cancel. Redraws alone until the job ends."""
    run: Run = st.session_state[f"{key}.state"]
    if run.job is None or _collect(key, run):
        st.rerun()
    keeper().hold(run.job, browser_session().id)
    snapshot = run.job.snapshot()
    with st.container(horizontal=True, vertical_alignment="center"):
        loading = engine_room.engine().status().state == "loading"
        st.progress(snapshot.progress, text="Loading the model …" if loading else progress_text(snapshot))
        if st.button("Cancel", key=f"{key}.cancel", icon=":material/stop:"):
            run.stopped = True
            run.job.cancel()
            _collect(key, run)
            st.rerun()
    if run.hidden:
        st.caption("Predict first: the images stay covered until you have made a guess.")
    else:
        st.html(preview_grid(snapshot.cells, run.titles))


def progress_text(snapshot: JobSnapshot) -> str:
    """One line: where the job stands and how long it will take; waiting and work told apart."""
    total = len(snapshot.cells)
    images = "1 image" if total == 1 else f"{total} images"
    work = (
        f"about {_seconds(snapshot.eta_seconds)} to draw"
        if snapshot.eta_seconds is not None
        else "drawing time not known yet"
    )
    if snapshot.state == "queued":
        ahead = f"{snapshot.position} ahead of you" if snapshot.position else "next in line"
        wait = f", about {_seconds(snapshot.wait_seconds)} to wait" if snapshot.wait_seconds else ""
        return f"Waiting: {images}, {ahead}{wait}; then {work}"
    done = sum(cell.state == "done" for cell in snapshot.cells)
    running = [cell for cell in snapshot.cells if cell.state == "running"]
    step = f", step {running[0].step} of {running[0].steps}" if running else ""
    left = f", about {_seconds(snapshot.eta_seconds)} left" if snapshot.eta_seconds is not None else ""
    return f"Drawing: {done} of {images} done{step}{left}"


def _seconds(seconds: float | None) -> str:
    seconds = seconds or 0.0
    return f"{seconds:.0f} s" if seconds >= 1 else "1 s"


def _explain(key: str, run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(run.problem, icon=":material/info:")
        if st.button("Run again", key=f"{key}.again", icon=":material/replay:"):
            del st.session_state[f"{key}.state"]
            st.rerun()
