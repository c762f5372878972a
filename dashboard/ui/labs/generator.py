"""Laboratory: one seed gives one noise; a generator used twice carries on."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import streamlit as st
import torch
from PIL import Image

from dashboard.course import Lesson
from dashboard.engine import Latents
from dashboard.ui.experiment import experiment_form
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.labs import generator_code
from dashboard.ui.models import latent_shape
from dashboard.ui.parsing import parse_seed
from dashboard.ui.records import record

TILES = 176  # pixels: the width of a noise image on the page
Draw = Callable[[int, generator_code.Shape], generator_code.Pair]


def generator_lab(lesson: Lesson) -> None:
    """The seed's form, then both ways of drawing twice, each with its code, its tensors and its verdict."""
    trial = experiment_form(lesson, "generator", button="Draw the noise")
    if trial is not None:
        record(lesson.id).ran.add("generator")
    seed = parse_seed(str((trial.values if trial else lesson.experiments["generator"])["seed"]))
    _draw_twice("Seeded before each draw", generator_code.seeded_twice, seed)
    _draw_twice("Seeded once, drawn twice", generator_code.seeded_once, seed)


def _draw_twice(title: str, draw: Draw, seed: int) -> None:
    shape = latent_shape()
    first, second = draw(seed, shape)
    code, pictures = st.columns([3, 2], gap="medium")
    with code:
        st.markdown(f"**{title}**")
        call = f"tensor1, tensor2 = {draw.__name__}({seed}, {shape})\ntorch.equal(tensor1, tensor2)"
        st.code(f"{inspect.getsource(draw)}\n{call}  # {torch.equal(first, second)}", "python", wrap_lines=True)
    with pictures:
        with st.container(horizontal=True):
            for name, tensor in (("tensor1", first), ("tensor2", second)):
                digest = Latents.from_tensor(tensor).sha256[:8]
                alt = f"{name}: noise of seed {seed}, {shape[1]} channels as grey tiles, hash {digest}"
                st.html(
                    figure(data_uri(noise_image(tensor)), title=name, detail=digest, alt=alt, crisp=True), width=TILES
                )
        _verdict(first, second)


def _verdict(first: torch.Tensor, second: torch.Tensor) -> None:
    if torch.equal(first, second):
        st.success("`torch.equal` says **True**: every number is the same.", icon=":material/equal:")
    else:
        share = float((first == second).float().mean())
        st.info(f"`torch.equal` says **False**: {share:.0%} of the numbers agree.", icon=":material/difference:")


def noise_image(noise: torch.Tensor) -> Image.Image:
    """The channels of (1, C, h, w) latents as grey tiles in two columns, a pixel a number; black is -3, white is +3."""
    channels = list(noise[0].clamp(-3, 3).add(3).mul(255 / 6).round().to(torch.uint8).numpy())
    channels += [np.full_like(channels[0], 255)] * (len(channels) % 2)
    return Image.fromarray(np.vstack([np.hstack(channels[i : i + 2]) for i in range(0, len(channels), 2)]))
