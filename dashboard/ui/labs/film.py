"""Laboratory: the reverse process as a film. Latents, guess and predicted noise of every step, locked together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageResult, LoadedModel, StepTrace, probes
from dashboard.ui.controls import request_from
from dashboard.ui.distances import relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.figures import data_uri, percent
from dashboard.ui.filmstrip import SIDE, Frame, Track, filmstrip
from dashboard.ui.gallery import single
from dashboard.ui.lesson import showed
from dashboard.ui.looks import look_at
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.records import record
from dashboard.ui.runs import show_run

CLOSE = 0.25  # distance from the finished picture at which the guess counts as close
LATENTS, GUESS = "noisy latents", "guess of the clean picture"


@dataclass(frozen=True, kw_only=True)
class StepPictures:
    """One step made visible."""

    latents: Image.Image  # x_t, decoded
    guess: Image.Image  # predicted x0, decoded
    noise: Image.Image  # the predicted noise, one pixel a latent place


def step_pictures(model: LoadedModel, step: StepTrace) -> StepPictures:
    """Decode what a traced step held."""
    return StepPictures(
        latents=probes.decode_latents(model, step.unit_latents),
        guess=probes.decode_latents(model, step.predicted_original),
        noise=probes.latent_colours(model, step.noise),
    )


def film_lab(lesson: Lesson) -> None:
    """Predict, form, film, chart with its table, what the run showed."""
    guess = predict(lesson, "film")
    trial = experiment_form(lesson, "film", button="Film it")
    if trial is None:
        return
    request = request_from(trial.values, current_model())
    title = f"seed {request.seed}"
    results = show_run(trial.key, [request], [title], asked_now=trial.asked_now, hidden=guess is None, traced=True)
    if results is None or (trace := results[0].trace) is None:
        return
    if guess is None:
        covered("Your film is ready")
        return
    wishes = [(step_pictures, step) for step in trace.steps]
    pictures = look_at(trial.key, results[0].sha256, wishes, doing="Decoding the steps")
    if pictures is None:
        return
    record(lesson.id).ran.add("film")
    result = results[0]
    identity = (result.request, result.sha256)
    film, finished = st.columns([4, 1], gap="medium")
    with film:
        frames, tracks = once(("film", identity), lambda: film_of(trace.steps, pictures))
        filmstrip(trial.key, "Step", frames, tracks)
    with finished:
        single(trial.key, result, "finished", width=180)
    table = once(("film distances", identity), lambda: step_distances(trace.steps, pictures, result))
    _chart(table)
    share = share_until_close(table)
    _summary(table, share, trace.steps)
    outcome(lesson.predictions["film"], guess, share)


def film_of(steps: Sequence[StepTrace], pictures: Sequence[StepPictures]) -> tuple[list[Frame], list[Track]]:
    """The film's frames and its three tracks."""
    frames = [Frame(caption=_caption(step, len(steps)), short=str(step.step + 1)) for step in steps]
    tracks = [
        Track(title="Noisy latents, decoded", pictures=[data_uri(p.latents, SIDE) for p in pictures]),
        Track(title="Guess of the clean picture", pictures=[data_uri(p.guess, SIDE) for p in pictures]),
        Track(title="Predicted noise", pictures=[data_uri(p.noise, SIDE) for p in pictures], crisp=True),
    ]
    return frames, tracks


def _caption(step: StepTrace, steps: int) -> str:
    return f"Step {step.step + 1} of {steps} · timestep {step.timestep} · {percent(step.alpha_cumprod)} signal"


def step_distances(steps: Sequence[StepTrace], pictures: Sequence[StepPictures], result: ImageResult) -> pd.DataFrame:
    """step, picture, mean: how far latents and guess, decoded, are from the finished picture; no intervals."""
    finished = result.array()
    rows = [
        (step.step + 1, name, relative_distance(np.asarray(picture), finished))
        for step, shown in zip(steps, pictures, strict=True)
        for name, picture in ((LATENTS, shown.latents), (GUESS, shown.guess))
    ]
    table = pd.DataFrame(rows, columns=["step", "picture", "mean"])
    return table.assign(low=np.nan, high=np.nan)


def share_until_close(table: pd.DataFrame) -> float:
    """Share of the steps after which the guess is close to the finished picture and stays so."""
    distances = list(table[table["picture"] == GUESS]["mean"])
    far = [place for place, distance in enumerate(distances, start=1) if distance > CLOSE]
    return min(len(distances), (far[-1] if far else 0) + 1) / len(distances)


def _chart(table: pd.DataFrame) -> None:
    st.markdown("**How far is each from the finished picture?** 0 is the same picture, 1 unrelated.")
    chart = charts.curve(
        table,
        charts.Axis(column="step", title="Step"),
        charts.Axis(column="distance", title="Distance"),
        series="picture",
        reference=(CLOSE, "close"),
    )
    first, last = table[table["picture"] == GUESS]["mean"].iloc[[0, -1]]
    alt = f"Distance from the finished picture by step; the guess goes from {first:.2f} to {last:.2f}"
    st.vega_lite_chart(chart.to_dict(), alt=alt)
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        wide = table.pivot(index="step", columns="picture", values="mean").reset_index()
        st.dataframe(wide.round(3), hide_index=True, alt="Distance of latents and guess at every step")


def _summary(table: pd.DataFrame, share: float, steps: Sequence[StepTrace]) -> None:
    by_name = {name: list(rows["mean"]) for name, rows in table.groupby("picture")}
    guess, latents = by_name[GUESS], by_name[LATENTS]
    ahead = sum(g < x for g, x in zip(guess, latents, strict=True))
    showed(
        f"The first guess, made from pure noise, is {guess[0]:.2f} from the finished picture. "
        f"{_reaching(guess, latents, round(share * len(guess)) - 1, steps)} The guess was ahead of the latents in "
        f"{ahead} of {len(guess)} steps."
    )


def _reaching(guess: Sequence[float], latents: Sequence[float], place: int, steps: Sequence[StepTrace]) -> str:
    if guess[place] > CLOSE:
        return f"No guess of this run came within {CLOSE} of it."
    return (
        f"From step {place + 1} of {len(guess)} on the guess is within {CLOSE} of it; the latents themselves are then "
        f"still {latents[place]:.2f} away, with {percent(steps[place].alpha_cumprod)} signal."
    )
