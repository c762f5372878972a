"""The training set: scenes rendered once into memory-mapped arrays, each reproducible from its index."""

import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from dashboard.pocket.world.art import SHAPE_CAST, Artwork, load_art, shape_art
from dashboard.pocket.world.captions import caption
from dashboard.pocket.world.render import IMAGE_PX, render
from dashboard.pocket.world.scene import Scene, random_scene
from dashboard.pocket.world.subjects import SUBJECTS, Cast

_CHUNK = 500  # scenes a worker renders at a time


@dataclass(frozen=True)
class World:
    """A cast and its pictures: the whole world, or the tests' shapes."""

    cast: Cast
    art: Artwork


@lru_cache(maxsize=2)
def load_world(shapes_only: bool) -> World:
    return World(SHAPE_CAST, shape_art()) if shapes_only else World(Cast(SUBJECTS), load_art())


def training_scene(index: int, cast: Cast) -> Scene:
    """Scene `index` of the training set, always the same."""
    return random_scene(np.random.default_rng((20_240_822, index)), cast)


def render_scenes(folder: Path, count: int, *, shapes_only: bool) -> Iterator[int]:
    """Fill `folder/images.npy` with uint8 (count, IMAGE_PX, IMAGE_PX, 3); yields scenes done so far.

    A finished set of the same size is kept as it is.
    """
    marker = folder / "scenes.json"
    wanted = {"count": count, "shapes_only": shapes_only, "subjects": sorted(load_world(shapes_only).cast.by_name)}
    if marker.exists() and json.loads(marker.read_text()) == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    images = np.lib.format.open_memmap(
        folder / "images.npy", mode="w+", dtype=np.uint8, shape=(count, IMAGE_PX, IMAGE_PX, 3)
    )
    starts = range(0, count, _CHUNK)
    stops = [min(start + _CHUNK, count) for start in starts]
    for start, chunk in zip(starts, _render_chunks(starts, stops, shapes_only), strict=True):
        images[start : start + len(chunk)] = chunk
        yield start + len(chunk)
    images.flush()
    marker.write_text(json.dumps(wanted))


def _render_chunks(starts: Sequence[int], stops: Sequence[int], shapes_only: bool) -> Iterator[np.ndarray]:
    if len(starts) == 1:  # starting a process takes longer than one chunk
        yield _render_chunk(starts[0], stops[0], shapes_only)
        return
    # A forked child of a process that runs threads may never wake; a spawned one does.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_render_chunk, starts, stops, [shapes_only] * len(starts))


def _render_chunk(start: int, stop: int, shapes_only: bool) -> np.ndarray:
    world = load_world(shapes_only)
    return np.stack(
        [np.asarray(render(training_scene(i, world.cast), world.cast, world.art).image) for i in range(start, stop)]
    )


def load_images(folder: Path) -> np.ndarray:
    """uint8 (count, IMAGE_PX, IMAGE_PX, 3), memory-mapped."""
    images: np.ndarray = np.load(folder / "images.npy", mmap_mode="r")
    return images


def to_pixels(images: np.ndarray) -> torch.Tensor:
    """uint8 (B, H, W, 3) -> float32 (B, 3, H, W) in -1 .. 1."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def worded(indices: np.ndarray, cast: Cast, rng: np.random.Generator, *, empty_share: float = 0.1) -> list[str]:
    """A fresh wording for each scene; `empty_share` of them empty, which is what guidance needs."""
    return [
        "" if rng.random() < empty_share else caption(training_scene(int(index), cast), cast, rng) for index in indices
    ]
