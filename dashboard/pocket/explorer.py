"""Pocket's training set, open: what it holds of a word or a pair, and which of its scenes lie near a picture.

A scene is decided by its number, so counts are exact and need no artwork. Pictures are shown as Pocket's own
autoencoder decodes them, for the first `SHOWN` scenes, whose latents are shipped.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image

from dashboard.building import BUILDING
from dashboard.pocket import WEIGHTS_FOLDER
from dashboard.pocket.score import Scorer, load_scorer
from dashboard.pocket.train.budgets import BUDGETS
from dashboard.pocket.train.data import training_scene
from dashboard.pocket.train.examples import to_images
from dashboard.pocket.world.captions import (
    PLACE_WORDINGS,
    RELATION_WORDINGS,
    SIZE_WORDINGS,
    STYLE_WORDINGS,
    caption,
)
from dashboard.pocket.world.casts import SHIPPED_CAST
from dashboard.pocket.world.held_out import held_out_colours, held_out_pairs
from dashboard.pocket.world.scene import Scene
from dashboard.pocket.world.subjects import COLOURS

GALLERY = Path(__file__).parent / "gallery.npz"  # made by `python -m dashboard.pocket.train.gallery`
TRAINING_SCENES = BUDGETS["cpu"].scenes  # what the shipped weights were trained on
SHOWN = 3000

Test = Callable[[Scene], bool]


@dataclass(frozen=True)
class Meaning:
    """What a word stands for in the pocket world: `kind` is subject, colour, place, style, relation or size."""

    kind: str
    name: str
    test: Test


@dataclass(frozen=True)
class Found:
    """How many of the training scenes a question fits, and the numbers of those, in order."""

    scenes: tuple[int, ...]
    of: int

    @property
    def count(self) -> int:
        return len(self.scenes)

    @property
    def shown(self) -> tuple[int, ...]:
        """Those that have a picture."""
        return tuple(index for index in self.scenes if index < SHOWN)


@dataclass(frozen=True)
class Neighbour:
    """A training scene near a picture; `similarity` is the cosine in the scorer's space, -1 .. 1."""

    scene: int
    caption: str
    similarity: float


def meanings() -> dict[str, Meaning]:
    """Every word or phrase that one can look up, with what it stands for. Synonyms stand for the same scenes."""
    table: dict[str, Meaning] = {}
    for subject in SHIPPED_CAST.subjects:
        table |= dict.fromkeys(subject.words, Meaning("subject", subject.name, _shows(subject.name)))
    for colour in COLOURS:
        table[colour] = Meaning("colour", colour, _has_colour(colour))
    for kind, wordings, attribute in (("place", PLACE_WORDINGS, "place"), ("style", STYLE_WORDINGS, "style")):
        for name, phrases in wordings.items():
            keys = {name, *(_bare(phrase) for phrase in phrases)} - {""}
            table |= {key: Meaning(kind, name, _is(attribute, name)) for key in sorted(keys) if key not in table}
    for relation, phrases in RELATION_WORDINGS.items():
        meaning = Meaning("relation", relation, _is("relation", relation))
        table |= {phrase: meaning for phrase in phrases if phrase not in (*table, "and")}
    for size, phrases in SIZE_WORDINGS.items():
        table |= {phrase: Meaning("size", size, _has_size(size)) for phrase in phrases if phrase}
    return table


def _shows(subject: str) -> Test:
    return lambda scene: any(figure.subject == subject for figure in scene.figures)


def _has_colour(colour: str) -> Test:
    return lambda scene: colour in (scene.place_colour, *(figure.colour for figure in scene.figures))


def _has_size(size: str) -> Test:
    return lambda scene: any(figure.size == size for figure in scene.figures)


def _is(attribute: str, name: str) -> Test:
    return lambda scene: getattr(scene, attribute) == name


def _bare(phrase: str) -> str:
    """`in the snow` -> `snow`, `a sketch of` -> `sketch`: the words that carry the meaning."""
    dropped = {"a", "an", "of", "in", "the", "at", "on", "by", "among", "about", "with", "colour", "background"}
    return " ".join(word for word in re.findall(r"[a-z0-9]+", phrase) if word not in dropped)


class Explorer:
    """The training set's scenes in memory. Safe to share between threads; slow to make: use `load_explorer`."""

    def __init__(self, scenes: int = TRAINING_SCENES) -> None:
        self.scenes = tuple(training_scene(index, SHIPPED_CAST) for index in range(scenes))
        self.meanings = meanings()
        self._held_out = {*held_out_pairs(SHIPPED_CAST), *held_out_colours(SHIPPED_CAST)}
        self._lock = threading.Lock()

    def meaning(self, word: str) -> Meaning | None:
        """What a word or phrase stands for, however it is spaced or capitalised; None for what no caption says."""
        return self.meanings.get(" ".join(word.lower().split()))

    def word(self, word: str) -> Found | None:
        """The scenes that a word or phrase stands for; None for what the captions never say.

        A caption names a colour, a subject or a place in one of several wordings; all wordings count alike.
        """
        meaning = self.meaning(word)
        return None if meaning is None else self._where(meaning.test)

    def pair(self, first: str, second: str) -> Found | None:
        """The scenes that both words stand for at once; None if the captions never say one of them."""
        tests = [self.meaning(word) for word in (first, second)]
        if any(meaning is None for meaning in tests):
            return None
        return self._where(lambda scene: all(meaning.test(scene) for meaning in tests if meaning is not None))

    def held_out(self, first: str, second: str) -> bool:
        """Whether training was kept from ever showing both: two subjects together, or a subject in a colour."""
        meanings = [meaning for word in (first, second) if (meaning := self.meaning(word)) is not None]
        names = tuple(meaning.name for meaning in sorted(meanings, key=lambda meaning: (meaning.kind, meaning.name)))
        return names in self._held_out

    def coloured(self, colour: str, subject: str) -> Found:
        """The scenes where the subject itself has the colour, not something beside it."""
        return self._where(lambda scene: any((f.colour, f.subject) == (colour, subject) for f in scene.figures))

    def companions(self, found: Found, kind: str) -> Counter[str]:
        """How often the scenes found show each subject, colour, place, style, relation or size."""
        names = {meaning.name: meaning.test for meaning in self.meanings.values() if meaning.kind == kind}
        return Counter({name: sum(test(self.scenes[index]) for index in found.scenes) for name, test in names.items()})

    def variants(self, subject: str) -> Counter[str]:
        """How often each drawing of a subject stands in the training set, such as `woman-astronaut-dark`."""
        return Counter(f.variant for scene in self.scenes for f in scene.figures if f.subject == subject)

    def caption(self, index: int) -> str:
        """The plainest wording of the scene's caption; training worded it anew each time."""
        return caption(self.scenes[index], SHIPPED_CAST)

    def nearest(self, image: Any, count: int = 6, *, scorer: Scorer | None = None) -> list[Neighbour]:
        """The shown scenes whose pictures lie nearest to `image` in the scorer's space, nearest first."""
        (vector,) = (scorer or load_scorer()).image_embeddings([image])
        similarities = self._gallery.embeddings @ vector
        order = np.argsort(-similarities, kind="stable")[:count]
        return [Neighbour(int(index), self.caption(int(index)), float(similarities[index])) for index in order]

    def usual_nearness(self) -> float:
        """The median similarity of a shown scene to the nearest other one: ordinary nearness."""
        similarities = self._gallery.embeddings @ self._gallery.embeddings.T
        np.fill_diagonal(similarities, -1)
        return float(np.median(similarities.max(axis=1)))

    def pictures(self, indices: Sequence[int]) -> list[Image.Image]:
        """The scenes as Pocket's autoencoder shows them, 64 x 64 pixels. IndexError for a scene that is not shown."""
        if any(not 0 <= index < SHOWN for index in indices):
            raise IndexError(f"Only the first {SHOWN} scenes have a picture.")
        if not indices:
            return []
        return [Image.fromarray(array) for array in self._gallery.decode(indices)]

    @property
    def _gallery(self) -> "Gallery":
        with self._lock:
            return self._loaded_gallery

    @cached_property
    def _loaded_gallery(self) -> "Gallery":
        return Gallery(GALLERY)

    def _where(self, test: Test) -> Found:
        return Found(tuple(index for index, scene in enumerate(self.scenes) if test(scene)), len(self.scenes))


class Gallery:
    """The shipped latents, 8 bits a number, with their scorer embeddings (N, D), unit vectors."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as stored:
            self.latents, self.step = stored["latents"], stored["step"]
            self.embeddings = unit(stored["embeddings"])
        with BUILDING:
            self._vae = AutoencoderKL.from_pretrained(WEIGHTS_FOLDER / "vae").eval().requires_grad_(False)

    @torch.inference_mode()
    def decode(self, indices: Sequence[int]) -> np.ndarray:
        """uint8 (N, 64, 64, 3)."""
        latents = torch.from_numpy(self.latents[list(indices)].astype(np.float32) * self.step)
        return to_images(self._vae.decode(latents).sample)


def quantised(latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latents (N, C, H, W) in 8 bits, and the step of each channel (C, 1, 1) that brings them back."""
    step = np.abs(latents).max(axis=(0, 2, 3), keepdims=True)[0] / 127
    return np.round(latents / step).astype(np.int8), step.astype(np.float32)


def unit(embeddings: np.ndarray) -> np.ndarray:
    """Vectors (N, D) of length 1, as float32."""
    vectors = embeddings.astype(np.float32)
    scaled: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


_explorers: list[Explorer] = []
_loading = threading.Lock()


def load_explorer() -> Explorer:
    """This process's explorer, made once."""
    with _loading:
        if not _explorers:
            _explorers.append(Explorer())
        return _explorers[0]
