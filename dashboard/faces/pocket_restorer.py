"""Pocket's own restorer: small, deterministic, and at home in the pocket world only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PIL import Image

from dashboard.faces.crops import Face, crop_square, cut, scaled, to_pictures, to_tensor
from dashboard.faces.detect import find_faces
from dashboard.faces.networks import CROP_PX
from dashboard.faces.paste import paste_back
from dashboard.faces.restoration import Change, Restoration, checked, difference_inside, enlarge
from dashboard.faces.shipped import computed, restorer

Finder = Callable[[Image.Image], Sequence[Face]]


class PocketRestorer:
    """Detector and restorer of `dashboard/faces/weights`. The same picture gives the same result, bit for bit."""

    name = "Pocket's own restorer"

    def __init__(self, find: Finder = find_faces) -> None:
        self.find = find

    def restore(self, picture: Image.Image, *, factor: int = 2, blend: float = 1.0) -> Restoration:
        """As `Restorer.restore`."""
        began = time.perf_counter()
        picture = checked(picture, factor, blend)
        enlarged = enlarge(picture, factor)
        faces = self.find(picture)
        image = enlarged
        for face in reversed(faces):  # the surest last, on top
            square = crop_square(face.box)
            (crop,) = restored_crops([cut(picture, square, CROP_PX)])
            image = paste_back(image, crop, scaled(square, factor), blend)
        changes = tuple(
            Change(face=face, blend=blend, difference=difference_inside(image, enlarged, scaled(face.box, factor)))
            for face in faces
        )
        seconds = time.perf_counter() - began
        return Restoration(
            image=image,
            enlarged=enlarged,
            factor=factor,
            changes=changes,
            untouched=not changes or not blend,
            seconds=seconds,
            restorer=self.name,
        )


def restored_crops(crops: list[Image.Image]) -> list[Image.Image]:
    """Crops of CROP_PX a side, each restored by itself, so that no crop depends on its neighbours."""
    return [to_pictures(computed(restorer(), to_tensor([crop])))[0] for crop in crops]
