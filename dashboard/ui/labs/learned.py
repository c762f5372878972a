"""Laboratory: how Pocket learned. The shipped training's recorded moments; nothing is drawn anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard import charts
from dashboard.course import Lesson
from dashboard.intervals import summarise
from dashboard.pocket.recording import Moment, Recording, load_recording
from dashboard.ui.distances import Array, relative_distance
from dashboard.ui.figures import data_uri
from dashboard.ui.filmstrip import Frame, Track, filmstrip
from dashboard.ui.lesson import showed
from dashboard.ui.predict import outcome, predict
from dashboard.ui.records import record

MOST = 0.9  # of the error's fall
SHOWN = (100, 300, 500, 700, 900)  # timesteps in the chart; the table has all
COARSE = 8  # places a side: what is left of a picture when only places and colours are looked at
PLACES, DETAILS = "places and colours", "details"
UPDATES = "Updates, on a logarithmic axis"


@st.cache_resource(show_spinner=False)
def recording() -> Recording | None:
    """The shipped training's, read once a server; None where none is shipped."""
    try:
        return load_recording()
    except FileNotFoundError:
        return None


def learned_lab(lesson: Lesson) -> None:
    """Predict, film of the moments, error and pictures by updates, what the recording shows."""
    found = recording()
    if found is None:
        st.info(
            "No training was recorded for the weights that are shipped here. `make pocket-train` records one.",
            icon=":material/videocam_off:",
        )
        return
    guess = predict(lesson, "learned")
    if guess is None:
        st.caption("Pictures and charts of the training come once you have guessed, or skipped.")
        return
    record(lesson.id).ran.add("learned")
    filmstrip(f"{lesson.id}.learned", "Moment of the training", *_film(found))
    errors, pictures = error_table(found), picture_table(found)
    _charts(found, errors, pictures)
    share = share_until_most(found)
    _summary(found, pictures, share)
    outcome(lesson.predictions["learned"], guess, share, told=f"{share:.0%}")


def mean_error(moment: Moment) -> float:
    """Over all noise levels that were recorded."""
    return float(np.mean(list(moment.errors.values())))


def most_learned(recording: Recording) -> Moment:
    """The first moment at which nine tenths of the mean error's whole fall are done."""
    first, last = mean_error(recording.moments[0]), mean_error(recording.moments[-1])
    return next(moment for moment in recording.moments if first - mean_error(moment) >= MOST * (first - last))


def share_until_most(recording: Recording) -> float:
    """The share of all updates after which most of the error's fall is done, 0 .. 1."""
    return most_learned(recording).step / recording.moments[-1].step


def error_table(recording: Recording) -> pd.DataFrame:
    """updates, timestep, mean: the noise error at each noise level of each moment; no intervals."""
    rows = [(m.step, timestep, error) for m in recording.moments for timestep, error in m.errors.items()]
    return pd.DataFrame(rows, columns=["updates", "timestep", "mean"]).assign(low=np.nan, high=np.nan)


def picture_table(recording: Recording) -> pd.DataFrame:
    """updates, part, distance: how far each prompt's picture is from the finished model's, in its two parts."""
    rows = [
        (moment.step, part, relative_distance(one, other))
        for moment in recording.moments
        for image, finished in zip(moment.images, recording.moments[-1].images, strict=True)
        for part, one, other in zip((PLACES, DETAILS), parted(image), parted(finished), strict=True)
    ]
    return pd.DataFrame(rows, columns=["updates", "part", "distance"])


def parted(image: Image.Image) -> tuple[Array, Array]:
    """A picture's mean colours on a coarse grid, and what is left of it without them."""
    coarse = image.resize((COARSE, COARSE), Image.Resampling.BOX)
    smooth = np.asarray(coarse.resize(image.size, Image.Resampling.BICUBIC), dtype=float)
    return np.asarray(coarse), np.asarray(image, dtype=float) - smooth


def _film(recording: Recording) -> tuple[list[Frame], list[Track]]:
    """A frame a moment, a track a prompt with the finished model's picture beside it."""
    frames = [
        Frame(caption=f"{m.step:,} updates · {m.seen:,} noised pictures learned from", short=f"{m.step:,}")
        for m in recording.moments
    ]
    rows = zip(*(moment.images for moment in recording.moments), strict=True)
    tracks = [
        Track(title=prompt, pictures=[data_uri(image) for image in row], beside=data_uri(row[-1]))
        for prompt, row in zip(recording.prompts, rows, strict=True)
    ]
    return frames, tracks


def _charts(recording: Recording, errors: pd.DataFrame, pictures: pd.DataFrame) -> None:
    ticks = tuple(_every_other([moment.step for moment in recording.moments if moment.step]))
    axis = charts.Axis(column="updates", title=UPDATES, log=True, ticks=ticks)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**The error at five timesteps.** Always answering “no noise” would score 1.")
        shown = errors[errors["timestep"].isin(SHOWN) & (errors["updates"] > 0)]
        shown = shown.assign(timestep=[f"t = {timestep}" for timestep in shown["timestep"]])
        error = charts.Axis(column="error", title="Error of the predicted noise")
        chart = charts.curve(shown, axis, error, series="timestep")
        ends = "; ".join(f"{name} {_ends(rows['mean'])}" for name, rows in shown.groupby("timestep", sort=False))
        st.vega_lite_chart(chart.to_dict(), alt=f"Noise error by updates, first to last: {ends}")
    with right:
        st.markdown("**How far are the pictures from the finished model's?** Means over the prompts, 95% intervals.")
        summary = summarise(pictures[pictures["updates"] > 0], ["updates", "part"], "distance")
        distance = charts.DISTANCE
        ends = "; ".join(f"{name} {_ends(rows['mean'])}" for name, rows in summary.groupby("part", sort=False))
        st.vega_lite_chart(
            charts.curve(summary, axis, distance, series="part").to_dict(),
            alt=f"Distance from the finished model's pictures by updates, first to last: {ends}",
        )
    with st.expander("The numbers behind the charts", icon=":material/table:"):
        by_level = errors.pivot(index="updates", columns="timestep", values="mean")
        by_part = pictures.pivot_table(index="updates", columns="part", values="distance", aggfunc="mean", sort=False)
        st.markdown("Error by timestep:")
        st.dataframe(by_level.round(3), alt="Noise error at each recorded moment and timestep")
        st.markdown("Mean distance from the finished pictures:")
        st.dataframe(by_part.round(3), width="content", alt="Distance of places and colours, and of details")


def _every_other(steps: Sequence[int]) -> Iterator[int]:
    """Those that a chart has room to write, the last among them."""
    return reversed(steps[::-1][::2])


def _ends(values: pd.Series[float]) -> str:
    return f"{values.iloc[0]:.2f} to {values.iloc[-1]:.2f}"


def _summary(recording: Recording, pictures: pd.DataFrame, share: float) -> None:
    first, last, most = recording.moments[0], recording.moments[-1], most_learned(recording)
    far = pictures[pictures["updates"] == most.step].groupby("part")["distance"].mean()
    noisy, clean = max(last.errors), min(last.errors)
    showed(
        f"The mean error fell from {mean_error(first):.2f} to {mean_error(last):.2f} in {last.step:,} updates. "
        f"{MOST:.0%} of that fall was done after {most.step:,} of them, {share:.0%}. {_settled(far)} "
        f"At the end the error is {last.errors[clean]:.2f} where there is least noise (t = {clean}) and "
        f"{last.errors[noisy]:.2f} where there is most (t = {noisy})."
    )


def _settled(far: pd.Series[float]) -> str:
    """What the pictures still lacked when most of the error's fall was done."""
    places, details = far[PLACES], far[DETAILS]
    measured = f"the pictures' {PLACES} were then {places:.2f} from the finished ones, their {DETAILS} {details:.2f}"
    if places < details:
        return f"What stands where came first: {measured}."
    return f"The details were no later than what stands where: {measured}."
