"""A known face made smaller and smaller, to see what Pocket's latents keep of it."""

from __future__ import annotations

from PIL import Image

from dashboard.faces.crops import Box, cut
from dashboard.faces.known import KnownScene, known_faces
from dashboard.pocket.world.render import IMAGE_PX


def large_faces(at_least: int) -> tuple[KnownScene, ...]:
    """Known scenes whose face has at least so many pixels on its longer side: none needs to be made larger."""
    return tuple(scene for scene in known_faces() if longer_side(scene.faces[0].box) >= at_least)


def longer_side(box: Box) -> float:
    """Of a box, in pixels."""
    return max(box[2] - box[0], box[3] - box[1])


def at_size(scene: KnownScene, face_px: int) -> tuple[Image.Image, Box]:
    """A picture of IMAGE_PX with the scene's face in its middle, `face_px` pixels on its longer side; and its box.

    What lies beyond the scene repeats its edge.
    """
    left, top, right, bottom = scene.faces[0].box
    zoom = face_px / longer_side(scene.faces[0].box)
    x, y, half = (left + right) / 2, (top + bottom) / 2, IMAGE_PX / zoom / 2
    width, height, middle = (right - left) * zoom, (bottom - top) * zoom, IMAGE_PX / 2
    box = (middle - width / 2, middle - height / 2, middle + width / 2, middle + height / 2)
    return cut(scene.picture, (x - half, y - half, x + half, y + half), IMAGE_PX), box
