"""Running jobs from the command line: an engine that is closed at the end, progress for people, cancel on Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass

from dashboard.engine import Engine, ImageRequest, ImageResult, Job, build_engine
from dashboard.settings import Settings

REFRESH = 0.2  # seconds between looks at the job


@dataclass(frozen=True)
class Outcome:
    """What a command gives back."""

    summary: object  # JSON-able: what `--json` prints
    text: str  # what people read
    status: int = 0  # of the process


@contextmanager
def open_engine() -> Iterator[Engine]:
    """The engine that the settings describe, closed at the end."""
    engine = build_engine(Settings.load())
    try:
        yield engine
    finally:
        engine.close()


def draw(engine: Engine, requests: Sequence[ImageRequest], *, use_memo: bool = True) -> tuple[ImageResult, ...]:
    """Draw every request, in order. An interruption cancels the job. Raises what `submit` and `results` raise."""
    job = engine.submit(requests, use_memo=use_memo)
    try:
        while True:
            try:
                return job.results(timeout=REFRESH)
            except TimeoutError:
                note(_progress(engine, job))
    finally:
        job.cancel()  # nothing to do where it has ended
        note("")


def download(engine: Engine, model_id: str) -> None:
    """Fetch a model's files, with progress. Raises what `ModelRegistry.download` raises."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        fetching = pool.submit(engine.models.download, model_id)
        while not fetching.done():
            note(f"Downloading {next(iter(engine.status().downloads), model_id)}")
            wait([fetching], timeout=REFRESH)
        note("")
        fetching.result()


def note(text: str) -> None:
    """Show one line of progress in place of the last, where a person is watching."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _progress(engine: Engine, job: Job) -> str:
    status = engine.status()
    if status.downloads:
        return f"Downloading {status.downloads[0]}"
    if status.state == "loading":
        return "Loading the model"
    snapshot = job.snapshot()
    done = sum(cell.state == "done" for cell in snapshot.cells)
    eta = "" if snapshot.eta_seconds is None else f", about {snapshot.eta_seconds:.0f} s left"
    return f"{done} of {len(snapshot.cells)} images, {snapshot.progress:.0%}{eta}"
