"""What the scorer and the judge learn from: rendered scenes, every second one passed through Pocket's autoencoder.

The first part is drawn as Pocket's training set is and begins with it; the second is a `study_scene` for every index:
more pairs, and every variant of a person equally often. Most astronauts stand there, so the training set's skew hardly
reaches either network.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from dashboard.pocket.train.data import World, to_pixels, training_scene
from dashboard.pocket.world.held_out import held_out
from dashboard.pocket.world.render import IMAGE_PX, render
from dashboard.pocket.world.scene import Figure, Scene, random_scene
from dashboard.pocket.world.subjects import Cast

UNSEEN_FROM = 1_000_000  # training scenes from here on were seen by no network
SKEWED_SUBJECT = "astronaut"
_CHUNK = 100


@dataclass(frozen=True)
class Examples:
    """`scenes[i]` is what `images[i]` shows; uint8 (N, IMAGE_PX, IMAGE_PX, 3); odd ones are decoded latents."""

    scenes: tuple[Scene, ...]
    images: np.ndarray


def study_scene(index: int, cast: Cast) -> Scene:
    """Scene `index` of the study set, always the same: half are pairs, a fifth shows the skewed subject."""
    rng = np.random.default_rng((20_240_823, index))
    scene = random_scene(rng, cast, pair_share=0.5)
    figures = list(scene.figures)
    present = {figure.subject for figure in figures}
    if SKEWED_SUBJECT in cast.by_name and SKEWED_SUBJECT not in present and rng.random() < 0.2:
        figures[0] = replace(figures[0], subject=SKEWED_SUBJECT, colour=None)
    return replace(scene, figures=tuple(_even_variant(figure, cast, rng) for figure in figures))


def _even_variant(figure: Figure, cast: Cast, rng: np.random.Generator) -> Figure:
    return replace(figure, variant=str(rng.choice(list(cast.by_name[figure.subject].variants))))


def unseen_scenes(count: int, cast: Cast, start: int = 0) -> tuple[Scene, ...]:
    """Scenes drawn like the training set's, none of them in it."""
    return tuple(training_scene(UNSEEN_FROM + start + index, cast) for index in range(count))


def composed_scenes(count: int, cast: Cast, *, unseen_combination: bool) -> tuple[Scene, ...]:
    """Scenes with two figures or a colour of their own, drawn like the training set's and none of them in it.

    Either each shows a combination that training never shows, or none does: what the two sets differ in.
    """
    rng = np.random.default_rng((20_240_824, unseen_combination))
    scenes: list[Scene] = []
    while len(scenes) < count:
        scene = random_scene(rng, cast)
        composed = len(scene.figures) == 2 or scene.figures[0].colour is not None
        if composed and held_out(scene) == unseen_combination:
            scenes.append(scene)
    return tuple(scenes)


def load_examples(folder: Path, world: World, vae: AutoencoderKL, *, training: int, study: int) -> Examples:
    """`training` scenes as in Pocket's training set and `study` more, drawn once and kept in `folder`."""
    scenes = tuple(training_scene(index, world.cast) for index in range(training))
    scenes += tuple(study_scene(index, world.cast) for index in range(study))
    name = f"examples-{training}-{study}"
    path, marker = folder / f"{name}.npy", folder / f"{name}.json"
    wanted = {"training": training, "study": study, "subjects": sorted(world.cast.by_name)}
    if not (marker.exists() and json.loads(marker.read_text()) == wanted):
        folder.mkdir(parents=True, exist_ok=True)
        shape = (len(scenes), IMAGE_PX, IMAGE_PX, 3)
        images = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        for start, chunk in _draw(scenes, world, vae):
            images[start : start + len(chunk)] = chunk
        images.flush()
        marker.write_text(json.dumps(wanted))
    return Examples(scenes, np.load(path, mmap_mode="r"))


def _draw(scenes: tuple[Scene, ...], world: World, vae: AutoencoderKL) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, len(scenes), _CHUNK):
        images = draw_scenes(scenes[start : start + _CHUNK], world)
        odd = np.arange(start, start + len(images)) % 2 == 1
        if odd.any():
            images[odd] = round_trip(images[odd], vae)
        yield start, images


def draw_scenes(scenes: tuple[Scene, ...], world: World) -> np.ndarray:
    """uint8 (N, IMAGE_PX, IMAGE_PX, 3)."""
    return np.stack([np.asarray(render(scene, world.cast, world.art).image) for scene in scenes])


@torch.no_grad()
def round_trip(images: np.ndarray, vae: AutoencoderKL) -> np.ndarray:
    """The same pictures encoded and decoded: what a drawn image looks like when it is as good as it can be."""
    pixels = to_pixels(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        decoded = vae.decode(vae.encode(pixels).latent_dist.mode()).sample
    return to_images(decoded)


def to_images(pixels: torch.Tensor) -> np.ndarray:
    """float (B, 3, H, W) in -1 .. 1 -> uint8 (B, H, W, 3)."""
    scaled = ((pixels.float().clamp(-1, 1) + 1) * 127.5).round()
    images: np.ndarray = scaled.permute(0, 2, 3, 1).byte().cpu().numpy()
    return images
