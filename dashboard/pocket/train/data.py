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

from dashboard.pocket.world.art import Artwork, load_art, shape_art
from dashboard.pocket.world.captions import caption
from dashboard.pocket.world.casts import CASTS, SHIPPED
from dashboard.pocket.world.held_out import SHARE, held_out
from dashboard.pocket.world.render import IMAGE_PX, render
from dashboard.pocket.world.scene import Scene, random_scene
from dashboard.pocket.world.subjects import Cast

_CHUNK = 500  # scenes a worker renders at a time


@dataclass(frozen=True)
class World:
    """A cast and its pictures."""

    cast: Cast
    art: Artwork


@lru_cache(maxsize=2)
def load_world(name: str = SHIPPED) -> World:
    """One of the worlds that `CASTS` names. ArtMissing where its artwork was never fetched."""
    cast = CASTS[name]
    return World(cast, shape_art() if name == "shapes" else load_art(cast))


def training_scene(index: int, cast: Cast) -> Scene:
    """Scene `index` of the training set, always the same; never one of the combinations held out."""
    rng = np.random.default_rng((20_240_822, index))
    while held_out(scene := random_scene(rng, cast)):
        pass
    return scene


def render_scenes(folder: Path, count: int, world: str) -> Iterator[int]:
    """Fill `folder/images.npy` with uint8 (count, IMAGE_PX, IMAGE_PX, 3); yields scenes done so far.

    A finished set of the same size is kept as it is.
    """
    marker = folder / "scenes.json"
    wanted = {"count": count, "subjects": sorted(load_world(world).cast.by_name), "held_out": SHARE}
    if marker.exists() and json.loads(marker.read_text()) == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    images = np.lib.format.open_memmap(
        folder / "images.npy", mode="w+", dtype=np.uint8, shape=(count, IMAGE_PX, IMAGE_PX, 3)
    )
    starts = range(0, count, _CHUNK)
    stops = [min(start + _CHUNK, count) for start in starts]
    for start, chunk in zip(starts, _render_chunks(starts, stops, world), strict=True):
        images[start : start + len(chunk)] = chunk
        yield start + len(chunk)
    images.flush()
    marker.write_text(json.dumps(wanted))


def _render_chunks(starts: Sequence[int], stops: Sequence[int], world: str) -> Iterator[np.ndarray]:
    if len(starts) == 1:  # starting a process takes longer than one chunk
        yield _render_chunk(starts[0], stops[0], world)
        return
    # A forked child of a process that runs threads may never wake; a spawned one does.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_render_chunk, starts, stops, [world] * len(starts))


def _render_chunk(start: int, stop: int, world: str) -> np.ndarray:
    cast, art = load_world(world).cast, load_world(world).art
    return np.stack([np.asarray(render(training_scene(i, cast), cast, art).image) for i in range(start, stop)])


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
