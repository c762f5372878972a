"""What came back and what was invented: a damaged and a restored face against the true one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from dashboard.faces.crops import Box

Pixels = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Measured inside a face's box, on three pictures of one size."""

    damaged_psnr: float  # dB, damaged against true
    restored_psnr: float  # dB, restored against true
    came_back: float  # share of what was missing that the restorer put back; below 0: it moved away
    invented: float  # share of the restorer's own change that does not lead to the true face, 0 .. 1

    @property
    def gain(self) -> float:
        """dB: how much nearer the true face the restorer came; below 0: farther."""
        return self.restored_psnr - self.damaged_psnr


def recovery(true: Image.Image, damaged: Image.Image, restored: Image.Image, box: Box) -> Recovery:
    """Take the restorer's change apart, along the way to the true face and across it.

    With missing = true - damaged and change = restored - damaged as vectors of all colour values in the box:
    came_back = <change, missing> / |missing|^2, and invented = 1 - cos^2 of the angle between the two.
    """
    truth, before, after = (inside(picture, box) for picture in (true, damaged, restored))
    missing, change = truth - before, after - before
    along = float((change * missing).sum())
    lost, moved = float((missing**2).sum()), float((change**2).sum())
    return Recovery(
        damaged_psnr=_psnr(truth, before),
        restored_psnr=_psnr(truth, after),
        came_back=along / lost if lost else 0.0,
        invented=1.0 - (along**2 / (lost * moved) if lost and moved and along > 0 else 0.0) if moved else 0.0,
    )


def psnr_inside(a: Image.Image, b: Image.Image, box: Box) -> float:
    """Peak signal-to-noise ratio in dB inside a box; infinite where equal."""
    return _psnr(inside(a, box), inside(b, box))


def inside(picture: Image.Image, box: Box) -> Pixels:
    """The pixels of a box, (h, w, 3), at least one; what lies outside the picture is left out."""
    left, top, right, bottom = (round(side) for side in box)
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float64)
    return pixels[max(0, top) : max(top + 1, bottom), max(0, left) : max(left + 1, right)]


def _psnr(a: Pixels, b: Pixels) -> float:
    error = float(((a - b) ** 2).mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)
