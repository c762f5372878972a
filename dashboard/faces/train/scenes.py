"""Pocket scenes with the truth about their faces: the training set, and scenes that nothing was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from dashboard.faces.crops import Box
from dashboard.faces.networks import WHO
from dashboard.faces.round_trip import through_latents
from dashboard.pocket.train.data import load_world, training_scene
from dashboard.pocket.world.backgrounds import CANVAS_PX
from dashboard.pocket.world.render import IMAGE_PX, render
from dashboard.pocket.world.scene import Scene, random_scene
from dashboard.pocket.world.subjects import SKIN_TONES

FIRST_UNSEEN = 24_000  # Pocket saw the training scenes before this one; the faces room draws its own
SHARE_SEEN = 0.5  # a face that others cover by more than this is nobody's task: neither found nor missed
SEED = 97_001
CHUNK = 200  # scenes a file


@dataclass(frozen=True, kw_only=True)
class TrueFace:
    """Where a face is, in pixels of the 128 px picture, and whose it is."""

    box: Box
    seen: float  # the share that no other figure covers
    who: int  # index in WHO
    tone: int  # index in SKIN_TONES


@dataclass(frozen=True, kw_only=True)
class FaceScene:
    """One scene, as drawn, as Pocket sees it, and as it comes back from Pocket's latents."""

    drawn: Image.Image  # 128 x 128
    small: Image.Image  # 64 x 64
    faces: tuple[TrueFace, ...]
    style: str


def face_scene(scene: Scene) -> FaceScene:
    world = load_world()
    drawn = render(scene, world.cast, world.art, image_px=CANVAS_PX)
    faces = []
    for figure, box, seen in zip(scene.figures, drawn.faces, drawn.seen, strict=True):
        if box is None:
            continue
        who, tone = next((w, t) for w in WHO for t in SKIN_TONES if figure.variant == f"{w}-{t}")
        left, top, right, bottom = (side * CANVAS_PX for side in box)
        faces.append(
            TrueFace(box=(left, top, right, bottom), seen=seen, who=WHO.index(who), tone=SKIN_TONES.index(tone))
        )
    small = drawn.image.resize((IMAGE_PX, IMAGE_PX), Image.Resampling.BOX)
    return FaceScene(drawn=drawn.image, small=small, faces=tuple(faces), style=scene.style)


def unseen_scenes() -> Iterator[Scene]:
    """Scenes that neither Pocket nor this room was trained on, as they come: most of them hold no face."""
    cast = load_world().cast
    for index in range(FIRST_UNSEEN, 10 * FIRST_UNSEEN):
        yield training_scene(index, cast)


def drawn_scenes(count: int, *, with_face: bool) -> Iterator[Scene]:
    """Training scenes of this room's own, with or without a person."""
    cast = load_world().cast
    found = index = 0
    while found < count:
        scene = random_scene(np.random.default_rng((SEED, with_face, index)), cast)
        index += 1
        if any(cast.by_name[figure.subject].face for figure in scene.figures) == with_face:
            found += 1
            yield scene


@dataclass(frozen=True)
class TrainingSet:
    """Arrays in step: scenes with a face first."""

    drawn: np.ndarray  # uint8 (N, 128, 128, 3)
    decoded: np.ndarray  # uint8 (N, 64, 64, 3): `small` after Pocket's latents
    faces: list[tuple[TrueFace, ...]]


def training_set(folder: Path, with_face: int, without: int) -> TrainingSet:
    """Render once and keep in `folder`, CHUNK scenes a file; what is there already is read back."""
    parts = [*_chunks(folder, with_face, with_face=True), *_chunks(folder, without, with_face=False)]
    return TrainingSet(
        np.concatenate([part.drawn for part in parts]),
        np.concatenate([part.decoded for part in parts]),
        [faces for part in parts for faces in part.faces],
    )


def _chunks(folder: Path, count: int, *, with_face: bool) -> Iterator[TrainingSet]:
    scenes = drawn_scenes(count, with_face=with_face)
    for start in range(0, count, CHUNK):
        chunk = list(islice(scenes, CHUNK))
        file = folder / f"scenes-{'with' if with_face else 'without'}-{start:06}.npz"
        if not file.exists():
            _render(chunk, file)
        yield _read(file)


def _render(scenes: list[Scene], file: Path) -> None:
    rendered = [face_scene(scene) for scene in scenes]
    decoded = [
        np.asarray(picture)
        for start in range(0, len(rendered), 50)
        for picture in through_latents([scene.small for scene in rendered[start : start + 50]])
    ]
    rows = [
        (index, *face.box, face.seen, face.who, face.tone)
        for index, scene in enumerate(rendered)
        for face in scene.faces
    ]
    drawn = np.stack([np.asarray(scene.drawn) for scene in rendered])
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"new-{file.name}")
    np.savez(unfinished, drawn=drawn, decoded=np.stack(decoded), faces=np.array(rows).reshape(-1, 8))
    unfinished.replace(file)


def _read(file: Path) -> TrainingSet:
    with np.load(file) as stored:
        faces: list[tuple[TrueFace, ...]] = [()] * len(stored["drawn"])
        for index, left, top, right, bottom, seen, who, tone in stored["faces"].tolist():
            face = TrueFace(box=(left, top, right, bottom), seen=seen, who=int(who), tone=int(tone))
            faces[int(index)] += (face,)
        return TrainingSet(stored["drawn"], stored["decoded"], faces)
