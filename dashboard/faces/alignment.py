"""Turning a photograph's face upright into the 512 px square that GFPGAN and RestoreFormer know, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from dashboard.faces.crops import Box

ALIGNED_PX = 512
# Where FFHQ's aligned faces have right eye, left eye, nose, right and left corner of the mouth (as seen, left to
# right), in a 512 px square: facexlib's template, which both restorers were trained with.
TEMPLATE = np.array(
    [
        [192.98138, 239.94708],
        [318.90277, 240.1936],
        [256.63416, 314.01935],
        [201.26117, 371.41043],
        [313.08905, 371.15118],
    ]
)
EDGE_PX = 24  # of the aligned square: how wide the soft edge of a pasted face is

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """A similarity: aligned point = scale * rotation @ point + shift, as the 2 x 3 matrix of both."""

    matrix: Points

    @classmethod
    def from_landmarks(cls, landmarks: Points) -> Alignment:
        """The least-squares similarity from five landmarks, (5, 2), to the template (Umeyama 1991, equations 40-43)."""
        source, target = landmarks - landmarks.mean(axis=0), TEMPLATE - TEMPLATE.mean(axis=0)
        left, stretch, right = np.linalg.svd(target.T @ source)
        sign = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
        rotation = (left * sign) @ right
        scale = float((stretch * sign).sum() / (source**2).sum())
        shift = TEMPLATE.mean(axis=0) - scale * rotation @ landmarks.mean(axis=0)
        return cls(matrix=np.column_stack([scale * rotation, shift]))

    @classmethod
    def from_box(cls, box: Box) -> Alignment:
        """Without landmarks: upright, the box where the template's faces are (brows to chin, about 270 px high)."""
        left, top, right, bottom = box
        scale = 300 / max(right - left, bottom - top)
        middle = np.array([(left + right) / 2, (top + bottom) / 2])
        shift = np.array([256.0, 290.0]) - scale * middle
        return cls(matrix=np.column_stack([scale * np.eye(2), shift]))

    def crop(self, picture: Image.Image) -> Image.Image:
        """The aligned square of a picture."""
        back = self._inverse()
        size = (ALIGNED_PX, ALIGNED_PX)
        return picture.transform(size, Image.Transform.AFFINE, tuple(back.ravel()), Image.Resampling.BICUBIC)

    def paste(self, face: Image.Image, picture: Image.Image, blend: float) -> Image.Image:
        """`picture` with the aligned `face` laid back onto it; inside: picture + blend * (face - picture)."""
        data = tuple(self.matrix.ravel())
        laid = face.transform(picture.size, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)
        square = Image.new("L", face.size)
        inner = (EDGE_PX, EDGE_PX, face.width - EDGE_PX, face.height - EDGE_PX)
        square.paste(255, inner)
        soft = square.filter(ImageFilter.GaussianBlur(EDGE_PX / 3))
        mask = soft.transform(picture.size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
        return Image.composite(laid, picture, mask.point([round(value * blend) for value in range(256)]))

    def enlarged(self, factor: int) -> Alignment:
        """The same for a picture `factor` times as large."""
        return Alignment(matrix=np.column_stack([self.matrix[:, :2] / factor, self.matrix[:, 2]]))

    def _inverse(self) -> Points:
        linear = np.linalg.inv(self.matrix[:, :2])
        return np.column_stack([linear, -linear @ self.matrix[:, 2]])
