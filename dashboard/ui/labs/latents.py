"""Laboratory: latents a channel at a time, the VAE's round trip, and how much smaller latents are than pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image
from torch import Tensor

from dashboard.course import Lesson
from dashboard.engine import LoadedModel, compare, difference_map, probes
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.labs.own_picture import Picture, picture_for
from dashboard.ui.lesson import showed
from dashboard.ui.looks import look
from dashboard.ui.models import current_info
from dashboard.ui.records import record

GAIN = 4  # of the difference map: the VAE's errors are a few levels of 255


@dataclass(frozen=True, kw_only=True)
class RoundTrip:
    """A picture through the VAE and back."""

    latents: Tensor
    back: Image.Image


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many numbers a model's pixels and latents are."""

    name: str
    side: int  # pixels
    channels: int
    factor: int  # pixels a latent place, a side

    @property
    def pixels(self) -> int:
        return self.side * self.side * 3

    @property
    def latents(self) -> int:
        return (self.side // self.factor) ** 2 * self.channels


COURSE = Sizes(name="Stable Diffusion v1", side=512, channels=4, factor=8)


def round_trip(model: LoadedModel, picture: Image.Image) -> RoundTrip:
    """Encode a picture and decode it again."""
    latents = probes.encode_image(model, picture)
    return RoundTrip(latents=latents, back=probes.decode_latents(model, latents))


def latents_lab(lesson: Lesson) -> None:
    """The sizes, then the picture, its channels, and what comes back."""
    _sizes()
    picture = picture_for(lesson, "latents", button="Draw and encode")
    if picture is None:
        return
    with st.spinner("Encoding …"):
        trip = look(picture.sha256, round_trip, picture.image)
    if trip is None:
        return
    record(lesson.id).ran.add("latents")
    _channels(trip.latents)
    _there_and_back(picture, trip)


def sizes() -> tuple[Sizes, ...]:
    """The model in use, and the course's model, whose numbers the lesson gives."""
    info = current_info()
    used = Sizes(name=info.name, side=info.native_size, channels=info.latent_channels, factor=info.vae_scale_factor)
    return used, COURSE


def _sizes() -> None:
    rows = {
        f"**{each.name}**": {
            "pixels": f"{each.side} x {each.side} x 3 = {each.pixels:,}",
            "latents": f"{each.channels} x {each.side // each.factor} x {each.side // each.factor} = {each.latents:,}",
            "times fewer": f"**{each.pixels / each.latents:g}**",
        }
        for each in sizes()
    }
    st.table(
        [{"model": name, **row} for name, row in rows.items()], border="horizontal", hide_index=True, width="content"
    )


def _channels(latents: Tensor) -> None:
    st.markdown(
        "**The latents, one channel at a time.** Mid-grey is 0; white and black are the largest value, up and down."
    )
    values = latents[0].numpy()
    figures = "".join(
        figure(
            data_uri(channel),
            title=f"Channel {number}",
            detail=f"mean {values[number].mean():.2f}, spread {values[number].std():.2f}",
            alt=f"Channel {number} of the latents in grey, {channel.width} by {channel.height} places",
            crisp=True,
        )
        for number, channel in enumerate(probes.latent_channel_images(latents))
    )
    st.html(f'<div class="dd-grid dd-four">{figures}</div>')


def _there_and_back(picture: Picture, trip: RoundTrip) -> None:
    st.markdown("**There and back.** No diffusion here: encoded, then decoded.")
    found = compare(picture.image, trip.back)
    worst = difference_map(picture.image, trip.back, gain=GAIN)
    shown = (
        ("Before", picture.image, "the picture", picture.words),
        ("After", trip.back, f"PSNR {found.psnr_db:.1f} dB", f"{picture.words}, encoded and decoded"),
        ("Where they differ", worst, f"brightened {GAIN} times", f"differences, at most {found.max_difference} of 255"),
    )
    figures = "".join(figure(data_uri(p), title=title, detail=detail, alt=alt) for title, p, detail, alt in shown)
    st.html(f'<div class="dd-grid dd-three">{figures}</div>')
    values = trip.latents.numpy()
    showed(
        f"The picture came back with a PSNR of {found.psnr_db:.1f} dB, each colour {found.mean_abs_difference:.1f} of "
        f"255 off on average and {found.max_difference} at most. Its {values.size:,} latent numbers have the mean "
        f"{float(np.mean(values)):.2f} and the spread {float(np.std(values)):.2f}; noise has 0 and 1."
    )
