"""Laboratory: guidance as vectors. The two noise predictions of a real step, and a one-step what-if."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image
from torch import Tensor

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageResult, StepTrace, Trace, probes
from dashboard.engine.requests import MAX_GUIDANCE
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.gallery import single
from dashboard.ui.lesson import showed
from dashboard.ui.looks import look_at
from dashboard.ui.models import current_model
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below


def guidance_parts_lab(lesson: Lesson) -> None:
    """Form, one traced image, and its steps to look into."""
    trial = experiment_form(lesson, "parts", button="Draw it and keep every step")
    if trial is None:
        return
    request = request_from(trial.values, current_model())
    if not request.guided:
        st.info(
            "At w = 1 or below the model is asked with the prompt only, so there are no two predictions to combine. "
            "Choose a guidance above 1.",
            icon=":material/info:",
        )
        return
    results = show_run(
        trial.key, [request], [f"guidance {request.guidance_scale:g}"], asked_now=trial.asked_now, traced=True
    )
    if results is None or results[0].trace is None:
        return
    record(lesson.id).ran.add("parts")
    picture, chart = st.columns([1, 3], gap="medium", vertical_alignment="center")
    with picture:
        single(f"{trial.key}.image", results[0], "the finished image", width=220)
    with chart:
        _lengths(results[0].trace)
    _what_if(trial.key, results[0], results[0].trace)


def length_table(trace: Trace) -> pd.DataFrame:
    """step (1, 2, ...), timestep, share: the length of the difference over that of the prompted prediction."""
    rows = []
    for step in trace.steps:
        parts = probes.guidance_parts(step)
        share = float(parts.difference.norm() / parts.conditional.norm())
        rows.append((step.step + 1, step.timestep, share))
    return pd.DataFrame(rows, columns=["step", "timestep", "share"])


def _lengths(trace: Trace) -> None:
    table = length_table(trace)
    st.markdown("**How much do the two predictions differ?** Length of the difference, as a share of the prediction.")
    bare = pd.DataFrame({"step": table["step"], "mean": table["share"], "low": float("nan"), "high": float("nan")})
    x, y = charts.Axis(column="step", title="Step, from noisy to clean"), charts.Axis(column="share", title="Share")
    top = table.sort_values("share").iloc[-1]
    st.vega_lite_chart(
        charts.curve(bare, x, y).to_dict(),
        alt=f"The difference is largest at step {top['step']:.0f}: {top['share']:.2f}.",
    )
    table_below(table, "Length of the difference at every step")


@st.fragment
def _what_if(key: str, result: ImageResult, trace: Trace) -> None:
    """A step and a guidance to choose; redraws alone, without asking the U-Net."""
    st.markdown("**A one-step what-if.** Choose a step; then move w and see what this one step would have aimed for.")
    left, right = st.columns(2, gap="medium")
    with left:
        number = _chosen_step(key, len(trace.steps))
    with right:
        w = st.slider("What if w had been", 0.0, MAX_GUIDANCE, result.request.guidance_scale, 0.5, key=f"{key}.w")
    step = trace.steps[number - 1]
    asked = step.with_guidance(w)
    parts = probes.guidance_parts(asked)
    limit = max(float(tensor.abs().max()) for tensor in (parts.unconditional, parts.conditional))
    gain = limit / max(float(parts.difference.abs().max()), 1e-9)
    drawn = [
        ("without the prompt", "ε(x, empty or negative)", parts.unconditional, limit),
        ("with the prompt", "ε(x, prompt)", parts.conditional, limit),
        ("their difference", f"shown {gain:.1f} times stronger", parts.difference, limit / gain),
        (f"the guided sum, w = {w:g}", "what the scheduler gets", parts.guided, limit),
    ]
    st.markdown(f"Predicted noise at timestep {step.timestep}, one tile a latent channel; mid-grey is 0.")
    _row(
        [
            figure(data_uri(_tiles(t, most)), title=title, detail=detail, alt=f"{title} at step {number}", crisp=True)
            for title, detail, t, most in drawn
        ]
    )
    _aims(key, result, step, w)
    _said(parts, step, w, number)


def _chosen_step(key: str, steps: int) -> int:
    """A third of the way, to begin with. A slider over one step is an error to Streamlit."""
    if steps == 1:
        st.caption("This image took one step, so there is only that one to look into.")
        return 1
    return int(st.slider("Step", 1, steps, max(1, steps // 3), key=f"{key}.step"))


def _aims(key: str, result: ImageResult, step: StepTrace, w: float) -> None:
    """The clean image that each prediction implies at this step, decoded."""
    scales = [("without the prompt", 0.0), ("with the prompt", 1.0), (f"guided, w = {w:g}", w)]
    wishes = [(probes.decode_latents, step.with_guidance(scale).predicted_original) for _, scale in scales]
    pictures = look_at(f"{key}.aims", (result.sha256, step.step, w), wishes, doing="Decoding")
    if pictures is None:
        return
    st.markdown("The clean image that each of them implies: the noise taken off in one go.")
    aims = zip(scales, pictures, strict=True)
    _row(
        [
            figure(data_uri(p), title=title, detail="one-step guess", alt=f"Clean image implied {title}")
            for (title, _), p in aims
        ]
    )


def _row(figures: list[str]) -> None:
    with st.grid(columns="auto", min_column_width=150) as grid:
        for html in figures:
            with grid.cell():
                st.html(html)


def _tiles(tensor: Tensor, limit: float) -> Image.Image:
    """The channels side by side, two a row, a grey line between them."""
    channels = [np.asarray(tile) for tile in probes.latent_channel_images(tensor, limit=limit)]
    height, width = channels[0].shape
    across, down = 2, math.ceil(len(channels) / 2)
    sheet = np.full((down * (height + 1) - 1, across * (width + 1) - 1), 200, dtype=np.uint8)
    for place, channel in enumerate(channels):
        top, left = (place // across) * (height + 1), (place % across) * (width + 1)
        sheet[top : top + height, left : left + width] = channel
    return Image.fromarray(sheet)


def _said(parts: probes.GuidanceParts, step: StepTrace, w: float, number: int) -> None:
    share = float(parts.difference.norm() / parts.conditional.norm())
    stretched = float(parts.guided.norm() / parts.conditional.norm())
    showed(
        f"At step {number} (timestep {step.timestep}) the prompt changes the predicted noise by {share:.0%} of its "
        f"length. With w = {w:g} the guided sum is {stretched:.2f} times as long as the prompted prediction. The run "
        f"itself used w = {step.guidance_scale:g}. Moving w did not ask the U-Net again: the stored pair was "
        "recombined. The steps before stay as they were, so this is not what a whole run at that w would draw."
    )
