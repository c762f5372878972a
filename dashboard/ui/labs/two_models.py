"""Pocket beside Stable Diffusion v1.4, in numbers."""

from __future__ import annotations

import streamlit as st

from dashboard.engine.catalogue import CATALOGUE, POCKET
from dashboard.engine.parts import STABLE_DIFFUSION_1, STABLE_DIFFUSION_1_GFLOP
from dashboard.engine.sources import DEFAULT_HUB_MODEL
from dashboard.ui import engine_room
from dashboard.ui.lesson import TEXT_WIDTH
from dashboard.ui.once import once

SIZE, TOKENS = 512, 77  # of every Stable Diffusion 1.x


def two_models() -> None:
    """A row a fact; Pocket's figures are read from the model that is loaded."""
    models = engine_room.engine().models
    info, anatomy = models.info(POCKET), once(("anatomy", POCKET), lambda: models.anatomy(POCKET))
    theirs = CATALOGUE[DEFAULT_HUB_MODEL]
    rows = {
        "Image": (f"{info.native_size} x {info.native_size} px", f"{SIZE} x {SIZE} px"),
        "Latents": (f"{info.latent_channels} x {info.latent_side} x {info.latent_side}", "4 x 64 x 64"),
        "Tokens it reads": (str(info.prompt_tokens), str(TOKENS)),
        "Parameters": (
            f"{anatomy.parameters / 1e6:.1f} million",
            f"{sum(STABLE_DIFFUSION_1.values()) / 1e6:,.0f} million",
        ),
        "One pass of its U-Net": (f"{anatomy.pass_gflop:.2f} GFLOP", f"{STABLE_DIFFUSION_1_GFLOP:.0f} GFLOP"),
        "Licence": (info.licence, theirs.licence),
    }
    with st.container(width=TEXT_WIDTH):
        st.table(
            {
                "": list(rows),
                info.name: [row[0] for row in rows.values()],
                theirs.name: [row[1] for row in rows.values()],
            },
            border="horizontal",
        )
