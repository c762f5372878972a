"""What each network learns from a batch: inputs, targets and loss."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from dashboard.faces.crops import Box, crop_square, cut, scaled, to_tensor
from dashboard.faces.damage import Damage, damaged
from dashboard.faces.networks import CELL_PX, CROP_PX
from dashboard.faces.recognise import RECOGNISER_PX
from dashboard.faces.train.scenes import SHARE_SEEN, TrainingSet
from dashboard.pocket.world.render import IMAGE_PX

HARD = 0.4  # the share of the restorer's pictures that are damaged far more
DOUBLE = 2  # the drawn picture's side over the small one's


def random_damage(rng: np.random.Generator, strength: float) -> Damage:
    """Each kind of damage more often than not, up to `strength` times its usual size."""
    blur = rng.uniform(0, 1.0) * strength if rng.random() < 0.6 else 0.0
    shrink = 1 + rng.uniform(0, 1.0) * strength if rng.random() < 0.4 else 1.0
    noise = rng.uniform(0, 10) * strength if rng.random() < 0.6 else 0.0
    return Damage(blur=blur, shrink=shrink, noise=noise, seed=int(rng.integers(2**31)))


def damaged_scene(
    scenes: TrainingSet, index: int, rng: np.random.Generator, *, hard: float = 0.0
) -> tuple[Image.Image, int]:
    """A picture of the scene as it might come in, and its side over IMAGE_PX: 1 or 2."""
    kind, strength = rng.random(), 2.5 if rng.random() < hard else 1.0
    drawn = Image.fromarray(scenes.drawn[index])
    if kind < 0.2:
        return damaged(drawn, random_damage(rng, 1.5 * strength)), DOUBLE
    if kind < 0.6:
        return damaged(Image.fromarray(scenes.decoded[index]), random_damage(rng, strength)), 1
    if kind < 0.75:
        return Image.fromarray(scenes.decoded[index]), 1
    return damaged(drawn.resize((IMAGE_PX, IMAGE_PX), Image.Resampling.BOX), random_damage(rng, strength)), 1


# --- the detector -----------------------------------------------------------------------------


class FindFaces:
    """Windows of damaged scenes with a heat map of their faces (CenterNet, Zhou et al. 2019, arXiv 1904.07850)."""

    def __init__(self, scenes: TrainingSet, batch: int = 16) -> None:
        self.scenes, self.batch = scenes, batch

    def __call__(self, network: nn.Module, rng: np.random.Generator) -> Tensor:
        pictures, targets = zip(*(self._one(rng) for _ in range(self.batch)), strict=True)
        said = network(to_tensor(list(pictures))).float()
        target = torch.from_numpy(np.stack(targets))  # (B, 7, h, w): heat, box, weight of box, weight of heat
        heat, box, box_weight, heat_weight = target[:, 0], target[:, 1:5], target[:, 5:6], target[:, 6]
        faces = max(1.0, float((heat == 1).sum()))
        probability = said[:, 0].sigmoid().clamp(1e-5, 1 - 1e-5)
        hit = (1 - probability) ** 2 * probability.log() * (heat == 1)
        miss = (1 - heat) ** 4 * probability**2 * (1 - probability).log() * (heat < 1) * heat_weight
        box_loss = ((said[:, 1:] - box).abs() * box_weight).sum() / faces
        return -(hit + miss).sum() / faces + 0.5 * box_loss

    def _one(self, rng: np.random.Generator) -> tuple[Image.Image, np.ndarray]:
        index = int(rng.integers(len(self.scenes.faces)))
        picture, factor = damaged_scene(self.scenes, index, rng)
        window: Box = (0.0, 0.0, float(picture.width), float(picture.height))
        if rng.random() < 0.6:  # nearer or farther, and shifted
            side = picture.width * float(rng.uniform(0.6, 1.3))
            x, y = (
                rng.uniform(0, picture.width - side, 2)
                if side < picture.width
                else -rng.uniform(0, side - picture.width, 2)
            )
            window = (float(x), float(y), float(x + side), float(y + side))
        shown = cut(picture, window, IMAGE_PX)
        flipped = rng.random() < 0.5
        boxes: list[tuple[Box, float]] = []
        for face in self.scenes.faces[index]:
            box = _seen_through(window, scaled(face.box, factor / DOUBLE))
            if flipped:
                box = (IMAGE_PX - box[2], box[1], IMAGE_PX - box[0], box[3])
            boxes.append((box, face.seen * _inside(box)))
        if flipped:
            shown = shown.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return shown, heat_map(boxes)


def _seen_through(window: Box, box: Box) -> Box:
    """A box of the picture, in pixels of the window shown IMAGE_PX wide."""
    zoom = IMAGE_PX / (window[2] - window[0])
    left, top, right, bottom = (side - window[place % 2] for place, side in enumerate(box))
    return scaled((left, top, right, bottom), zoom)


def _inside(box: Box) -> float:
    """The share of a box that the picture holds."""
    width = min(box[2], IMAGE_PX) - max(box[0], 0)
    height = min(box[3], IMAGE_PX) - max(box[1], 0)
    return max(0.0, width) * max(0.0, height) / ((box[2] - box[0]) * (box[3] - box[1]))


def heat_map(boxes: list[tuple[Box, float]]) -> np.ndarray:
    """(7, h, w) for the boxes and the share of each that is seen: heat, box, its weight, the weight of the heat."""
    cells = IMAGE_PX // CELL_PX
    target = np.zeros((7, cells, cells), dtype=np.float32)
    target[6] = 1
    rows, columns = np.mgrid[0:cells, 0:cells] + 0.5
    for box, seen in boxes:
        left, top, right, bottom = (side / CELL_PX for side in box)
        x, y, width, height = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
        if seen < SHARE_SEEN or not (0 <= x < cells and 0 <= y < cells):
            inside = (columns > left) & (columns < right) & (rows > top) & (rows < bottom)
            target[6][inside] = 0
            continue
        bell = np.exp(-0.5 * (((columns - x) / (width / 6)) ** 2 + ((rows - y) / (height / 6)) ** 2))
        bell[int(y), int(x)] = 1
        near = (np.abs(columns - x) < max(1.0, width / 6)) & (np.abs(rows - y) < max(1.0, height / 6))
        near[int(y), int(x)] = True
        target[0] = np.maximum(target[0], bell * np.where(bell == 1, 1, 0.999))
        values = (x - columns, y - rows, np.log(width) + 0 * rows, np.log(height) + 0 * rows)
        for channel, value in enumerate(values, start=1):
            target[channel][near] = value[near]
        target[5][near] = 1.0 / near.sum()
    return target


# --- the restorer -----------------------------------------------------------------------------


class RestoreFaces:
    """Crops of damaged scenes, and the same crops of the scenes as they were drawn."""

    def __init__(self, scenes: TrainingSet, batch: int = 16) -> None:
        self.scenes, self.batch = scenes, batch
        self.pool = _faces(scenes)

    def __call__(self, network: nn.Module, rng: np.random.Generator) -> Tensor:
        pairs = [self._one(rng) for _ in range(self.batch)]
        damaged_crops, true_crops = (to_tensor(list(crops)) for crops in zip(*pairs, strict=True))
        restored, wanted = network(damaged_crops).float(), true_crops
        error = torch.sqrt((restored - wanted).square() + 1e-4).mean()
        slopes = sum((restored.diff(dim=d) - wanted.diff(dim=d)).abs().mean() for d in (-1, -2))
        return error + 0.5 * slopes

    def _one(self, rng: np.random.Generator) -> tuple[Image.Image, Image.Image]:
        index, place = self.pool[int(rng.integers(len(self.pool)))]
        picture, factor = damaged_scene(self.scenes, index, rng, hard=HARD)
        square = jittered(crop_square(self.scenes.faces[index][place].box), rng)
        pair = (
            cut(picture, scaled(square, factor / DOUBLE), CROP_PX),
            cut(Image.fromarray(self.scenes.drawn[index]), square, CROP_PX),
        )
        if rng.random() < 0.5:
            pair = (
                pair[0].transpose(Image.Transpose.FLIP_LEFT_RIGHT),
                pair[1].transpose(Image.Transpose.FLIP_LEFT_RIGHT),
            )
        return pair


def jittered(square: Box, rng: np.random.Generator) -> Box:
    """A square as a finder might have put it: shifted and scaled a little."""
    side = square[2] - square[0]
    x, y = ((square[0] + square[2]) / 2, (square[1] + square[3]) / 2) + rng.normal(0, 0.03, 2) * side
    half = side / 2 * float(np.exp(rng.normal(0, 0.06)))
    return (float(x - half), float(y - half), float(x + half), float(y + half))


# --- the recogniser ---------------------------------------------------------------------------


class RecogniseFaces:
    """Undamaged faces with their names: what damaged and restored ones are judged by."""

    def __init__(self, scenes: TrainingSet, batch: int = 32) -> None:
        self.scenes, self.batch = scenes, batch
        self.pool = _faces(scenes)

    def __call__(self, network: nn.Module, rng: np.random.Generator) -> Tensor:
        crops, truths = [], []
        for _ in range(self.batch):
            index, place = self.pool[int(rng.integers(len(self.pool)))]
            face = self.scenes.faces[index][place]
            crop = cut(Image.fromarray(self.scenes.drawn[index]), jittered(crop_square(face.box), rng), RECOGNISER_PX)
            crops.append(crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop)
            truths.append((face.who, face.tone))
        who, tone = network(to_tensor(crops))
        truth = torch.tensor(truths)
        return F.cross_entropy(who.float(), truth[:, 0]) + F.cross_entropy(tone.float(), truth[:, 1])


def _faces(scenes: TrainingSet) -> list[tuple[int, int]]:
    return [
        (index, place)
        for index, faces in enumerate(scenes.faces)
        for place, face in enumerate(faces)
        if face.seen >= SHARE_SEEN
    ]
