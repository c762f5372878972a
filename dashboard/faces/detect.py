"""Finding the pocket world's faces with our own small network, at two sizes, so that small faces are found as well."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from dashboard.faces.crops import Box, Face, overlap, scaled, to_tensor
from dashboard.faces.networks import CELL_PX
from dashboard.faces.shipped import computed, detector

SIDES = (64, 160)  # pixels: the sizes at which a picture is searched; the second only in pictures as large
MULTIPLE = 8
THRESHOLD = 0.5
MAX_FACES = 20
SAME = 0.4  # overlap above which two findings are one face


def find_faces(picture: Image.Image, *, threshold: float = THRESHOLD) -> list[Face]:
    """Faces of an RGB picture, the surest first; boxes in its pixels. It knows pocket faces, not photographs."""
    found: list[Face] = []
    for side in SIDES:
        if side > SIDES[0] and side > max(picture.size):
            break
        found += _at(picture, side / max(picture.size), threshold)
    found.sort(key=lambda face: -face.score)
    kept: list[Face] = []
    for face in found:
        if all(overlap(face.box, other.box) < SAME for other in kept):
            kept.append(face)
    return kept[:MAX_FACES]


def _at(picture: Image.Image, scale: float, threshold: float) -> list[Face]:
    width, height = (max(1, round(side * scale)) for side in picture.size)
    # Averaged when made smaller, as the pictures were that it learned from.
    way = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    shown = picture if scale == 1 else picture.resize((width, height), way)
    pad = ((0, -height % MULTIPLE), (0, -width % MULTIPLE), (0, 0))
    pixels = Image.fromarray(np.pad(np.asarray(shown), pad, mode="edge"))
    said = computed(detector(), to_tensor([pixels]))[0]  # (5, h, w)
    heat = said[0].sigmoid()
    peaks = torch.nn.functional.max_pool2d(heat[None], 3, 1, 1)[0]
    faces = []
    for row, column in ((heat == peaks) & (heat > threshold)).nonzero().tolist()[: 4 * MAX_FACES]:
        dx, dy, log_width, log_height = said[1:, row, column].tolist()
        x, y = column + 0.5 + dx, row + 0.5 + dy
        half_width, half_height = np.exp(np.clip([log_width, log_height], -2, 6)) / 2
        box = (x - half_width, y - half_height, x + half_width, y + half_height)
        faces.append(Face(box=_inside(scaled(box, CELL_PX / scale), picture.size), score=float(heat[row, column])))
    return [face for face in faces if face.box[0] < face.box[2] and face.box[1] < face.box[3]]


def _inside(box: Box, size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    return (float(max(left, 0)), float(max(top, 0)), float(min(right, size[0])), float(min(bottom, size[1])))
