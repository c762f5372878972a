"""Laboratory: teach the model a new word from a few pictures, and see what it draws before and after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageRequest, ImageResult, LearnedWord
from dashboard.export import LEARNED_EMBEDS, learned_embeds
from dashboard.intervals import mean_interval, paired_difference, summarise, tells_apart
from dashboard.teach import Teaching, WordTask, distance_to, draw_shapes
from dashboard.ui.controls import OTHER_BACKDROP
from dashboard.ui.experiment import Trial, experiment_form, key_of
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.gallery import downloads, grid_gallery
from dashboard.ui.labs.uploads import uploaded_pictures
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_info, current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_seeds
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.records import Guess, record
from dashboard.ui.runs import last_requests, show_run
from dashboard.ui.teacher import error_chart, error_table, show_teaching
from dashboard.ui.withheld import measurable

TOKEN = "<zib>"
DRAWN = 4  # pictures
MIXED = ("white", "yellow", "blue", "green")  # backgrounds when there are several
SOURCES = {"teach": "Draw them for me", "upload": "Use my own pictures"}
MAX_SEEDS = 8
WORD_KEY = "learned word"  # session key of the last (word, its pictures)


def new_word_lab(lesson: Lesson) -> None:
    """Predict, choose the pictures, teach, before and after over seeds, both charts, what the run showed."""
    guess = predict(lesson, "teach")
    source = st.segmented_control(
        "The pictures", list(SOURCES), default="teach", format_func=SOURCES.__getitem__, key=f"{lesson.id}.source"
    )
    experiment = str(source or "teach")
    uploaded = uploaded_pictures(key_of(lesson, experiment), current_info().native_size) if source == "upload" else None
    trial = experiment_form(lesson, experiment, button="Teach the word")
    if trial is None:
        return
    pictures = _drawn(trial) if uploaded is None else uploaded
    if not pictures:
        st.info("Choose at least one picture above; pictures of an earlier visit are not kept.")
        return
    _row_of(pictures)
    teaching = show_teaching(trial.key, _task(trial, pictures), asked_now=trial.asked_now)
    if teaching is None or teaching.word is None:
        return
    st.session_state[WORD_KEY] = (teaching.word, pictures)
    record(lesson.id).ran.add(experiment)
    _learned(teaching)
    _before_and_after(lesson, trial, teaching, pictures, guess)


def taught_word() -> tuple[LearnedWord, list[Image.Image]] | None:
    """The word that this session taught last, and the pictures that it was taught from."""
    kept: tuple[LearnedWord, list[Image.Image]] | None = st.session_state.get(WORD_KEY)
    return kept


def shown_experiment(lesson: Lesson) -> str:
    """The experiment whose code the page prints: the teaching once it has run, the first image before."""
    return next((name for name in SOURCES if last_requests(key_of(lesson, name))), "first")


def setting(backdrop: str) -> str:
    """The words that say what stands behind the thing."""
    return "" if backdrop == OTHER_BACKDROP else f"on a {backdrop} background"


def _drawn(trial: Trial) -> list[Image.Image]:
    values = trial.values
    shape, colour, backdrop = str(values["shape"]), str(values["shape_colour"]), str(values["backdrop"])
    side = current_info().native_size
    if backdrop != OTHER_BACKDROP:
        return draw_shapes(shape, colour, backdrop, DRAWN, side=side)
    return [draw_shapes(shape, colour, behind, 1, side=side, seed=n)[0] for n, behind in enumerate(MIXED)]


def _task(trial: Trial, pictures: Sequence[Image.Image]) -> WordTask:
    return WordTask(
        token=TOKEN,
        start_word=str(trial.values["start_word"]),
        setting=setting(str(trial.values["backdrop"])),
        pictures=tuple(picture.tobytes() for picture in pictures),
        steps=int(trial.values["teaching_steps"]),
    )


def _row_of(pictures: Sequence[Image.Image]) -> None:
    st.markdown("**What the word is taught from**")
    with st.container(horizontal=True):
        for number, picture in enumerate(pictures, start=1):
            alt = f"Picture {number} of {len(pictures)} that the word is taught from"
            st.html(figure(data_uri(picture), title=f"picture {number}", detail="", alt=alt), width=110)


def _learned(teaching: Teaching) -> None:
    history = teaching.snapshot().history
    table, last = error_table(history), history[-1]
    with st.expander(f"How {TOKEN} was learned: the curve and its numbers", icon=":material/show_chart:"):
        error_chart(table, last.steps)
        st.dataframe(table, hide_index=True, alt="Error of the predicted noise at every step of the teaching")
    if last.step < last.steps:
        st.caption(
            f":material/timer: The time was up after {last.step} of {last.steps} steps; this is what it had then."
        )
    st.download_button(
        f"Take {TOKEN} along ({LEARNED_EMBEDS})",
        learned_embeds(last.word),
        LEARNED_EMBEDS,
        key="learned word.save",
        icon=":material/download:",
        on_click="ignore",
        type="tertiary",
    )


def _before_and_after(
    lesson: Lesson, trial: Trial, teaching: Teaching, pictures: Sequence[Image.Image], guess: Guess | None
) -> None:
    seeds = parse_seeds(str(trial.values["seeds"]))
    if len(seeds) > MAX_SEEDS:
        st.error(f"Give at most {MAX_SEEDS} seeds here: each is drawn before and after.")
        return
    history = teaching.snapshot().history
    rows = [f"Before: the vector of “{teaching.task.start_word}”", f"After {history[-1].step} steps of teaching"]
    columns = [f"seed {seed}" for seed in seeds]
    prompt = f"a photo of a {TOKEN} {teaching.task.setting}".strip()
    requests = [
        ImageRequest(prompt=prompt, seed=seed, model=current_model(), learned_words=(word,))
        for word in (history[0].word, history[-1].word)
        for seed in seeds
    ]
    titles = [f"{row}, {column}" for row in rows for column in columns]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now, hidden=guess is None)
    if results is None:
        return
    if guess is None:
        covered()
        return
    grid_gallery(trial.key, results, rows, columns)
    downloads(trial.key, results, columns, prompt, rows=rows)
    if not measurable(results):
        return
    _compare(lesson, results, pictures, teaching, guess)


def distance_table(results: Sequence[ImageResult], pictures: Sequence[Image.Image]) -> pd.DataFrame:
    """word ("before", "after"), seed, distance: the first half of the results is drawn before the teaching."""
    given, half = [np.asarray(picture) for picture in pictures], len(results) // 2
    rows = [
        ("before" if place < half else "after", str(result.request.seed), distance_to(result.array(), given))
        for place, result in enumerate(results)
    ]
    return pd.DataFrame(rows, columns=["word", "seed", "distance"])


def _compare(
    lesson: Lesson,
    results: Sequence[ImageResult],
    pictures: Sequence[Image.Image],
    teaching: Teaching,
    guess: Guess,
) -> None:
    key = (teaching.id, *(result.sha256 for result in results))
    table = once(("word distances", *key), lambda: distance_table(results, pictures))
    before, after = (table.loc[table["word"] == word, "distance"].tolist() for word in ("before", "after"))
    st.markdown("**How far from your pictures?** The bar is the mean over the seeds, the line its 95% interval.")
    x, y = charts.Axis(column="word", title="Drawn"), charts.Axis(column="distance", title="Share in other colours")
    chart = once(
        ("word bars", *key),
        lambda: charts.bars(summarise(table, ["word"], "distance"), x, y, order=["before", "after"]).to_dict(),
    )
    st.vega_lite_chart(
        chart, alt=f"Distance from the pictures: before {np.mean(before):.2f}, after {np.mean(after):.2f}."
    )
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        st.dataframe(table, hide_index=True, alt="Distance from the pictures for every seed, before and after")
    showed(_sentences(teaching, before, after))
    if np.mean(before) > 0:
        outcome(lesson.predictions["teach"], guess, float(np.mean(after) / np.mean(before)))


def _sentences(teaching: Teaching, before: Sequence[float], after: Sequence[float]) -> str:
    exams = [progress.exam for progress in teaching.snapshot().history if progress.exam is not None]
    moved = "fell" if exams[-1] < exams[0] else "did not fall: it went"
    nearer = paired_difference(before, after)
    told = f"by {nearer}" if nearer.n > 1 else f"by {nearer.mean:.2f}, measured on one seed"
    if not tells_apart(nearer):
        verdict = f"The images moved nearer {told}: with these seeds that cannot be told from chance."
    elif nearer.mean > 0:
        verdict = f"Seed by seed the images came nearer {told}."
    else:
        verdict = f"Seed by seed the images moved away, nearer {told}: the lower error did not bring the colours."
    return (
        f"The exam's error {moved} from {exams[0]:.4f} to {exams[-1]:.4f}. In other colours than your pictures: "
        f"{mean_interval(before)} before, {mean_interval(after)} after. {verdict}"
    )
