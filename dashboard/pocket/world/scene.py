"""A scene: who stands where, in what colour, place and style. Drawn at random, exact by construction."""

from dataclasses import dataclass

import numpy as np

from dashboard.pocket.world.subjects import COLOURS, Cast

PLACES: dict[str, str] = {
    "space": "in space",
    "beach": "at the beach",
    "sunset": "at sunset",
    "snow": "in the snow",
    "forest": "in the forest",
    "city": "in the city",
    "night": "at night",
    "underwater": "under water",
    "desert": "in the desert",
    "mountains": "in the mountains",
    "meadow": "in a meadow",
    "plain": "on a {colour} background",
}
RELATIONS = ("on", "riding", "next to", "in front of")
SIZES = {"tiny": 0.36, "normal": 0.66, "giant": 0.94}  # a subject's side as a share of the picture's

# How often each style is drawn. "photo" and "3d render" share one look: the pocket world has no cameras.
STYLES = {
    "photo": 0.40,
    "3d render": 0.16,
    "cartoon": 0.14,
    "pixel art": 0.06,
    "pencil sketch": 0.06,
    "watercolor": 0.06,
    "black and white": 0.05,
    "neon": 0.02,
    "movie poster": 0.05,
}
COLOURLESS_STYLES = ("black and white", "pencil sketch", "neon")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One subject in a scene. `colour` is None when it keeps its own colours."""

    subject: str
    variant: str
    colour: str | None = None
    size: str = "normal"
    flipped: bool = False


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that decides a picture. `relation` is None for one figure; figure 0 is the caption's first."""

    figures: tuple[Figure, ...]
    relation: str | None = None
    place: str = "plain"
    place_colour: str | None = None
    style: str = "photo"
    noise_seed: int = 0  # where the clouds, stars and waves fall, and the figures' jitter


def random_scene(rng: np.random.Generator, cast: Cast, *, pair_share: float = 0.2) -> Scene:
    """Draw a scene; `pair_share` of the scenes hold two figures."""
    pair = rng.random() < pair_share
    names = rng.choice(sorted(cast.by_name), size=2 if pair else 1, replace=False)
    style = _weighted(rng, STYLES)
    place = str(rng.choice(list(PLACES)))
    coloured = style not in COLOURLESS_STYLES
    return Scene(
        figures=tuple(_random_figure(rng, cast, str(name), sized=not pair, coloured=coloured) for name in names),
        relation=str(rng.choice(RELATIONS)) if pair else None,
        place=place,
        place_colour=_colour(rng) if place == "plain" else None,
        style=style,
        noise_seed=int(rng.integers(2**31)),
    )


def _random_figure(rng: np.random.Generator, cast: Cast, name: str, *, sized: bool, coloured: bool) -> Figure:
    # People keep their own colours: "a white woman" means something else.
    tinted = coloured and cast.by_name[name].kind != "person" and rng.random() < 0.25
    size = _weighted(rng, {"normal": 0.72, "tiny": 0.14, "giant": 0.14}) if sized else "normal"
    return Figure(
        subject=name,
        variant=_weighted(rng, dict(cast.by_name[name].variants)),
        colour=_colour(rng) if tinted else None,
        size=size,
        flipped=bool(rng.random() < 0.5),
    )


def _colour(rng: np.random.Generator) -> str:
    return str(rng.choice(list(COLOURS)))


def _weighted(rng: np.random.Generator, shares: dict[str, float]) -> str:
    return str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
