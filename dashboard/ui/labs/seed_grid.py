"""Laboratory: one prompt, many seeds; predicted first, then shown beside its chart."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from scipy.spatial.distance import squareform

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageResult, initial_noise
from dashboard.intervals import pairs_interval
from dashboard.ui.controls import request_from
from dashboard.ui.distances import pair_table
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model, latent_shape
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_seeds
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.records import Guess, record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable


def seed_grid_lab(lesson: Lesson) -> None:
    """Predict, form, grid, chart with its table, what the run showed."""
    guess = predict(lesson, "grid")
    trial = experiment_form(lesson, "grid", button="Run the grid")
    if trial is None:
        return
    seeds = parse_seeds(str(trial.values["seeds"]))
    base = request_from(trial.values, current_model())
    titles = [f"seed {seed}" for seed in seeds]
    results = show_run(
        trial.key, [base.replace(seed=seed) for seed in seeds], titles, asked_now=trial.asked_now, hidden=guess is None
    )
    if results is None:
        return
    if guess is None:
        covered()
        return
    record(lesson.id).ran.add("grid")
    gallery(trial.key, results, titles)
    downloads(trial.key, results, titles, base.prompt or "(empty prompt)")
    if not measurable(results):
        return
    if len(results) > 1:
        _compare(lesson, guess, results)


def _compare(lesson: Lesson, guess: Guess, results: Sequence[ImageResult]) -> None:
    labels = [str(result.request.seed) for result in results]
    pairs = once(("pairs", *(result.sha256 for result in results)), lambda: _pairs(labels, results))
    apart = pairs_interval(squareform(pairs["image_distance"]).tolist())  # over seeds: their pairs share them
    mean = apart.mean
    noise = float(pairs["noise_distance"].mean())
    alt = f"Distance of each of {len(labels)} images from the others: {mean:.2f} on average; the noises: {noise:.2f}."
    st.markdown("**How different are they?** A dot is one pair of images; the bar is that seed's average.")
    chart = once(("seeds chart", *labels, mean), lambda: charts.seed_distances(pairs, labels).to_dict())
    st.vega_lite_chart(chart, alt=alt)
    _table(pairs)
    showed(
        f"Over {len(pairs)} pairs of {len(labels)} seeds the images lie **{apart}** apart; the nearest two "
        f"{pairs['image_distance'].min():.2f}, the farthest {pairs['image_distance'].max():.2f}. Their noises lie "
        f"{noise:.2f} apart. {_reading(mean, noise)}"
    )
    outcome(lesson.predictions["grid"], guess, mean)


def _pairs(labels: Sequence[str], results: Sequence[ImageResult]) -> pd.DataFrame:
    noises = [initial_noise(result.request.seed, latent_shape()).numpy() for result in results]
    return pair_table(labels, [result.array() for result in results], noises)


def _reading(mean: float, noise: float) -> str:
    if mean < noise - 0.05:
        return "The images are closer to each other than their noises are. What they share came from the prompt."
    return (
        "Pixel by pixel the images are no closer than their noises. "
        "If you see a shared subject, it moved about too much for this measure."
    )


def _table(pairs: pd.DataFrame) -> None:
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        st.dataframe(
            pairs.rename(
                columns={
                    "first": "seed",
                    "second": "other seed",
                    "image_distance": "images",
                    "noise_distance": "noises",
                }
            ),
            hide_index=True,
            column_config={name: st.column_config.NumberColumn(format="%.3f") for name in ("images", "noises")},
            alt="Distance of the images and of the noises for every pair of seeds",
        )
