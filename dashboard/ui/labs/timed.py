"""Laboratory: one image with the clock running, and the same image again from the memo."""

from __future__ import annotations

import secrets

import streamlit as st

from dashboard.course import Lesson
from dashboard.engine import ImageResult
from dashboard.engine.jobs import JobTimes
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.labs.pipeline_parts import current_anatomy
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_seeds
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.records import record
from dashboard.ui.runs import show_run, times_of

NEW_BELOW = 10**9  # nobody has drawn it, and it fits under a small image


def draw_seed() -> dict[str, str]:
    """A seed whose image nobody has drawn yet, so that there is something to time."""
    return {"drawn": str(secrets.randbelow(NEW_BELOW))}


def timed_lab(lesson: Lesson) -> None:
    """Predict, form, the image and its copy from the memo, a table of times, what the run showed."""
    guess = predict(lesson, "timed")
    trial = experiment_form(lesson, "timed", button="Draw and time it", extra=draw_seed)
    if trial is None:
        return
    seed = parse_seeds(str(trial.values["drawn"]))[0]
    request = request_from(trial.values, current_model()).replace(seed=seed)
    first = show_run(trial.key, [request], [f"seed {seed}"], asked_now=trial.asked_now, hidden=guess is None)
    if first is None:
        return
    again = show_run(f"{trial.key}.again", [request], ["asked again"], asked_now=False, hidden=guess is None)
    if again is None:
        return
    if guess is None:
        covered()
        return
    record(lesson.id).ran.add("timed")
    gallery(trial.key, [*first, *again], ["drawn", "asked for again"], columns=2)
    downloads(trial.key, first, ["drawn"], request.prompt or "(empty prompt)")
    drawn, copied = times_of(trial.key), times_of(f"{trial.key}.again")
    _table(first[0], drawn, copied)
    showed(sentences(first[0], again[0], drawn, copied))
    outcome(lesson.predictions["timed"], guess, first[0].seconds, told=f"{first[0].seconds:.2f} s")


def _table(result: ImageResult, drawn: JobTimes, copied: JobTimes) -> None:
    times = {
        "Reading the model into memory, once after each start": current_anatomy().load_seconds,
        "From the click to the first step": drawn.first_step,
        "From the click to the finished image, waiting included": drawn.whole,
        "Of that, computing for this image": result.seconds,
        "The same image, asked for again": copied.whole,
    }
    with st.container(width=TEXT_WIDTH):
        st.table(
            {what: "not timed" if time is None else f"{time:.4f}\N{NO-BREAK SPACE}s" for what, time in times.items()},
            border="horizontal",
        )


def sentences(result: ImageResult, again: ImageResult, drawn: JobTimes, copied: JobTimes) -> str:
    """The engine's own numbers in words; says so where the image was not drawn just now."""
    pace = result.steps_run / result.seconds if result.seconds else 0.0
    said = (
        f"Computing took {result.seconds:.2f} s for {result.steps_run} steps and the decoding: {pace:.1f} steps a "
        f"second on {result.device}. "
    )
    if result.from_memo:
        said += "That was when the image was first drawn; this time it came from the memo. Click for a new one. "
    elif drawn.first_step is not None:
        said += f"The first step was done {drawn.first_step:.2f} s after the click. "
    if not again.from_memo:
        return said + "Asked for again, it was computed again: this server keeps no memo, or had no room."
    same = "the same bytes" if again.sha256 == result.sha256 else "other bytes, which must never happen"
    return said + f"Asked for again, it came from the memo{_briefly(copied.whole)}, {same}: nothing was computed."


def _briefly(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f" in {1000 * seconds:.0f} ms" if seconds >= 0.001 else " in less than a millisecond"
