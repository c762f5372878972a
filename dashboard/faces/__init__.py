"""Faces: find them, restore them, paste them back, and say what was done.

`Restorer` is the one interface, a PIL picture in and a `Restoration` out: the picture, the faces found, what was
changed, and how long it took. Pocket's own restorer is always there; GFPGAN or RestoreFormer on this machine, and a
restorer on another server, where the operator's settings name them. A restorer gives a learner's sentence (`FaceError`)
or a restored picture, and never passes the original off as restored.
"""

from __future__ import annotations

from PIL import Image

from dashboard.faces.choice import Restorers, build_restorers
from dashboard.faces.crops import Face
from dashboard.faces.pocket_restorer import PocketRestorer
from dashboard.faces.restoration import Change, FaceError, Restoration, Restorer

__all__ = [
    "Change",
    "Face",
    "FaceError",
    "PocketRestorer",
    "Restoration",
    "Restorer",
    "Restorers",
    "build_restorers",
    "improve_image",
]


def improve_image(
    img: Image.Image, factor: int, *, restorer: Restorer | None = None, blend: float = 1.0
) -> Image.Image:
    """The course's function: the picture `factor` times as large, its faces restored. FaceError with a sentence."""
    return (restorer or PocketRestorer()).restore(img, factor=factor, blend=blend).image
