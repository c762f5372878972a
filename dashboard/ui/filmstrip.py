"""Pictures by step: several tracks under one slider, with Play and a strip of all frames. It plays in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
SIDE = 192  # pixels: no frame needs more

_film = st.components.v2.component(
    "filmstrip",
    html='<div class="film"></div>',
    css=(HERE / "filmstrip.css").read_text(encoding="utf-8"),
    js=(HERE / "filmstrip.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, kw_only=True)
class Track:
    """One picture a frame."""

    title: str
    pictures: Sequence[str]  # their addresses, as `figures.data_uri` gives them
    details: Sequence[str] = ()  # small print a frame
    crisp: bool = False  # keeps enlarged pixels sharp
    base: str = ""  # address of one picture that all frames are laid over, as light: white leaves it, black hides it
    beside: str = ""  # address of one picture that stays beside the frames


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One moment."""

    caption: str  # also what a screen reader says
    short: str  # under its column in the strip


def filmstrip(key: str, label: str, frames: Sequence[Frame], tracks: Sequence[Track], *, first: int = 0) -> None:
    """Draw the film. `label`: what the slider chooses; `first`: the frame it starts at."""
    _film(
        key=f"{key}.film",
        data={
            "label": label,
            "first": first,
            "frames": [{"caption": frame.caption, "short": frame.short} for frame in frames],
            "tracks": [
                {
                    "title": track.title,
                    "pictures": list(track.pictures),
                    "details": list(track.details),
                    "crisp": track.crisp,
                    "base": track.base,
                    "beside": track.beside,
                }
                for track in tracks
            ],
        },
    )
