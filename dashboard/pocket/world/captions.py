"""What a scene is called, in several wordings; every word is in the vocabulary that the tokenizer is built from."""

import re

import numpy as np

from dashboard.pocket.world.casts import SHIPPED_CAST
from dashboard.pocket.world.scene import PLACES, RELATIONS, SIZES, Figure, Scene
from dashboard.pocket.world.subjects import COLOURS, Cast

STYLE_WORDINGS: dict[str, tuple[str, ...]] = {
    "photo": ("a photo of", "a photograph of", "a picture of", "an image of", ""),
    "3d render": ("a 3d render of", "a 3d model of"),
    "cartoon": ("a cartoon of", "a drawing of", "an illustration of"),
    "pixel art": ("a pixel art of", "pixel art of"),
    "pencil sketch": ("a pencil sketch of", "a sketch of"),
    "watercolor": ("a watercolor of", "a watercolor painting of", "a painting of"),
    "black and white": ("a black and white photo of", "a black and white picture of"),
    "neon": ("a neon picture of", "a neon sign of"),
    "movie poster": ("a movie poster of", "a poster of", "a movie poster about"),
}
PLACE_WORDINGS: dict[str, tuple[str, ...]] = {
    "space": ("in space", "in outer space", "among the stars"),
    "beach": ("at the beach", "on the beach", "by the sea"),
    "sunset": ("at sunset", "at dusk"),
    "snow": ("in the snow", "in winter"),
    "forest": ("in the forest", "in the woods", "in a forest"),
    "city": ("in the city", "in a city", "in town"),
    "night": ("at night", "in the moonlight"),
    "underwater": ("under water", "underwater", "in the ocean"),
    "desert": ("in the desert", "in a desert"),
    "mountains": ("in the mountains", "on a mountain"),
    "meadow": ("in a meadow", "on a field", "on the grass"),
    "plain": ("on a {colour} background", "with a {colour} background"),
}
SIZE_WORDINGS = {
    "tiny": ("tiny", "small", "little"),
    "normal": ("",),
    "giant": ("giant", "big", "huge", "large"),
}
RELATION_WORDINGS = {
    "on": ("on", "on top of", "sitting on"),
    "riding": ("riding", "riding on"),
    "next to": ("next to", "beside", "and"),
    "in front of": ("in front of",),
}


def caption(scene: Scene, cast: Cast, rng: np.random.Generator | None = None) -> str:
    """A caption for `scene`; the plainest wording without `rng`, a random one with it."""
    words = [_pick(STYLE_WORDINGS[scene.style], rng), _noun_phrase(scene.figures[0], cast, rng)]
    if scene.relation is not None:
        words += [_pick(RELATION_WORDINGS[scene.relation], rng), _noun_phrase(scene.figures[1], cast, rng)]
    place = _pick(PLACE_WORDINGS[scene.place], rng).format(colour=scene.place_colour)
    return with_articles(" ".join(word for word in (*words, place) if word))


def _noun_phrase(figure: Figure, cast: Cast, rng: np.random.Generator | None) -> str:
    # The plain name three times in four: a synonym seen often enough, the name seen most.
    words = cast.by_name[figure.subject].words
    name = words[0] if rng is None or rng.random() < 0.75 else str(rng.choice(words))
    return " ".join(part for part in ("a", _pick(SIZE_WORDINGS[figure.size], rng), figure.colour or "", name) if part)


def _pick(wordings: tuple[str, ...], rng: np.random.Generator | None) -> str:
    return wordings[0] if rng is None else str(rng.choice(wordings))


def with_articles(text: str) -> str:
    """`a owl` -> `an owl`, but `a unicorn`."""
    return re.sub(r"\ba (?=[aeiou])(?!unicorn)", "an ", text)


def vocabulary(cast: Cast = SHIPPED_CAST) -> list[str]:
    """Every word that a caption can hold, sorted."""
    phrases = [
        *(word for subject in cast.subjects for word in subject.words),
        *COLOURS,
        *(SIZES),
        *(RELATIONS),
        *(PLACES.values()),
        *(text for texts in STYLE_WORDINGS.values() for text in texts),
        *(text for texts in PLACE_WORDINGS.values() for text in texts),
        *(text for texts in SIZE_WORDINGS.values() for text in texts),
        *(text for texts in RELATION_WORDINGS.values() for text in texts),
    ]
    words = {word for phrase in phrases for word in re.findall(r"[a-z]+|[0-9]", phrase)} - {"colour", "normal"}
    return sorted(words | {"a", "an"})
