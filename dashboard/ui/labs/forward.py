"""Laboratory: the forward process. Noise is added to a picture, with the schedule beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from PIL import Image
from torch import Tensor

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import LoadedModel, initial_noise, probes, psnr
from dashboard.ui.figures import data_uri, figure, percent
from dashboard.ui.labs.own_picture import Picture, bring_picture, picture_for
from dashboard.ui.lesson import showed
from dashboard.ui.looks import look, look_at
from dashboard.ui.models import current_model, latent_shape
from dashboard.ui.once import once
from dashboard.ui.records import record

STOPS = (0, 100, 200, 300, 400, 550, 750, 999)  # timesteps of the strip
FIRST = 400
NOISE_SEED = 42  # of the noise that is added, the same at every timestep
EVERY = 20  # timesteps a point of the charts


@dataclass(frozen=True, kw_only=True)
class Noised:
    """A picture at one timestep, decoded from its latents."""

    clean: Image.Image
    noisy: Image.Image
    guess: Image.Image  # the clean picture as one U-Net evaluation guesses it


def noised(model: LoadedModel, picture: Image.Image, noise: Tensor, timestep: int, prompt: str) -> Noised:
    """Add noise to a picture's latents, then guess them back with a single U-Net evaluation."""
    latents = probes.encode_image(model, picture)
    noisy = probes.add_noise(model, latents, noise, timestep)
    row = probes.schedule_table(model)[timestep]
    guess = (noisy - row.noise_scale * probes.predict_noise(model, noisy, timestep, prompt)) / row.signal_scale
    clean, shown, guessed = (probes.decode_latents(model, each) for each in (latents, noisy, guess))
    return Noised(clean=clean, noisy=shown, guess=guessed)


def noisy_picture(model: LoadedModel, picture: Image.Image, noise: Tensor, timestep: int) -> Image.Image:
    """The picture with its noise, decoded."""
    return probes.decode_latents(model, probes.add_noise(model, probes.encode_image(model, picture), noise, timestep))


def forward_lab(lesson: Lesson) -> None:
    """A picture, the strip of its noising, and one timestep of it beside the schedule."""
    drawn, own = st.columns([3, 2], gap="medium")
    with own:
        bring_picture(lesson)
    with drawn:
        picture = picture_for(lesson, "forward", button="Draw the picture")
    if picture is None:
        return
    noise = initial_noise(NOISE_SEED, latent_shape())
    wishes = [(noisy_picture, picture.image, noise, timestep) for timestep in STOPS]
    strip = look_at(f"{lesson.id}.forward", picture.sha256, wishes, doing="Adding noise")
    if strip is None:
        return
    record(lesson.id).ran.add("forward")
    rows = look("all timesteps", probes.schedule_table)
    if rows is not None:
        _strip(strip, picture, rows)
        _one_timestep(picture, noise, rows)


def _strip(strip: Sequence[Image.Image], picture: Picture, rows: Sequence[probes.ScheduleRow]) -> None:
    st.markdown("**The same noise, more and more of it.** From the picture on the left to nothing but noise.")
    figures = "".join(
        figure(
            data_uri(noisy),
            title=f"t = {timestep}",
            detail=f"{percent(rows[timestep].alpha_cumprod)} signal",
            alt=f"{picture.words} at timestep {timestep}",
        )
        for timestep, noisy in zip(STOPS, strip, strict=True)
    )
    st.html(f'<div class="dd-grid dd-small">{figures}</div>')


@st.fragment
def _one_timestep(picture: Picture, noise: Tensor, rows: Sequence[probes.ScheduleRow]) -> None:
    """The slider and all that depends on it. Redraws alone."""
    last = len(rows) - 1
    timestep = st.slider("Timestep", 0, last, FIRST, key="diffusion.timestep", bind="query-params")
    of = (picture.sha256, picture.prompt, timestep)
    with st.spinner("Looking …"):
        found = look(of, noised, picture.image, noise, timestep, picture.prompt)
    if found is None:
        return
    row = rows[timestep]
    lost, regained = psnr(found.noisy, found.clean), psnr(found.guess, found.clean)
    shown = (
        ("Clean", found.clean, "encoded and decoded", picture.words),
        (f"With noise, t = {timestep}", found.noisy, f"PSNR {lost:.1f} dB", f"{picture.words} at timestep {timestep}"),
        (
            "The U-Net's guess",
            found.guess,
            f"one evaluation, PSNR {regained:.1f} dB",
            "the clean picture, guessed at once",
        ),
    )
    figures = "".join(figure(data_uri(p), title=title, detail=detail, alt=alt) for title, p, detail, alt in shown)
    st.html(f'<div class="dd-grid dd-three">{figures}</div>')
    _charts(rows, timestep)
    showed(
        f"At t = {timestep} the latents are {row.signal_scale:.3f} x the picture's + {row.noise_scale:.3f} x noise: a "
        f"signal-to-noise ratio of {row.snr:.3g}. Against the clean one, the noisy picture has a PSNR of "
        f"{lost:.1f} dB. {_reading(lost, regained)}"
    )


def _reading(lost: float, regained: float) -> str:
    if regained > lost + 0.5:
        return f"One guess of the U-Net has {regained:.1f} dB: closer."
    if regained < lost - 0.5:
        return f"One guess of the U-Net has {regained:.1f} dB: further off than the noisy picture was."
    return f"One guess of the U-Net has {regained:.1f} dB: hardly closer or further."


def schedule_frames(rows: Sequence[probes.ScheduleRow]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of both charts: (timestep, part, scale) and (timestep, log_snr); every 20th timestep and the last."""
    kept = [row for row in rows if row.timestep % EVERY == 0 or row.timestep == len(rows) - 1]
    signal = [(row.timestep, "picture (√ᾱ)", row.signal_scale) for row in kept]
    noise = [(row.timestep, "noise (√(1 - ᾱ))", row.noise_scale) for row in kept]
    scales = pd.DataFrame([*signal, *noise], columns=["timestep", "part", "scale"])
    return scales, pd.DataFrame([(row.timestep, row.log_snr) for row in kept], columns=["timestep", "log_snr"])


def _charts(rows: Sequence[probes.ScheduleRow], timestep: int) -> None:
    scales, ratios = once(("schedule frames", current_model()), lambda: schedule_frames(rows))
    row = rows[timestep]
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**The noise schedule**")
        alt = f"Scale of picture and noise by timestep; at {timestep}: {row.signal_scale:.2f} and {row.noise_scale:.2f}"
        st.vega_lite_chart(charts.noise_schedule(scales, timestep).to_dict(), alt=alt)
    with right:
        st.markdown("**The signal-to-noise ratio**")
        alt = f"Logarithm of the signal-to-noise ratio by timestep; at {timestep}: {row.log_snr:.2f}"
        st.vega_lite_chart(charts.log_snr(ratios, timestep).to_dict(), alt=alt)
    with st.expander("The numbers behind the charts", icon=":material/table:"):
        chosen = sorted({*STOPS, timestep})
        st.dataframe(
            [
                {
                    "timestep": t,
                    "ᾱ (share of signal)": round(rows[t].alpha_cumprod, 4),
                    "picture x": round(rows[t].signal_scale, 4),
                    "noise x": round(rows[t].noise_scale, 4),
                    "signal / noise": float(f"{rows[t].snr:.4g}"),
                    "ln(signal / noise)": round(rows[t].log_snr, 3),
                }
                for t in chosen
            ],
            hide_index=True,
            alt="Signal, noise and their ratio at the timesteps of the strip and of the slider",
        )
