"""From a scene to its picture and its exact truth: who is where, and where the faces are."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from dashboard.pocket.world.art import Artwork
from dashboard.pocket.world.backgrounds import CANVAS_PX, draw_place
from dashboard.pocket.world.scene import SIZES, Figure, Scene
from dashboard.pocket.world.styles import apply_style, look_of
from dashboard.pocket.world.subjects import COLOURS, Box, Cast

IMAGE_PX = 64  # what the model sees; scenes are drawn at CANVAS_PX and halved


@dataclass(frozen=True)
class Rendering:
    """`boxes` and `faces` are per figure, as fractions of the picture; a face is None where there is none."""

    image: Image.Image  # RGB, a square
    boxes: tuple[Box, ...]
    faces: tuple[Box | None, ...]
    seen: tuple[float, ...]  # of each face, the share that no other figure covers


def render(scene: Scene, cast: Cast, art: Artwork, *, image_px: int = IMAGE_PX) -> Rendering:
    """`image_px`: a side of the picture; CANVAS_PX gives the scene as it was drawn, before any halving."""
    rng = np.random.default_rng(scene.noise_seed)
    canvas = draw_place(scene.place, scene.place_colour, rng)
    placements = _placements(scene, rng)
    look = look_of(scene.style)
    covers = [Image.new("L", canvas.size) for _ in scene.figures]  # where each figure is opaque
    # The caption's second figure stands behind or below, so it is pasted first.
    for figure, (x, y, side), cover in reversed(list(zip(scene.figures, placements, covers, strict=True))):
        picture = _figure_picture(figure, look, art, round(side))
        canvas.paste(picture, (round(x), round(y)), picture)
        cover.paste(picture.getchannel("A"), (round(x), round(y)))
    small = apply_style(canvas, scene.style, rng).resize((image_px, image_px), Image.Resampling.BOX)
    boxes = [(x / CANVAS_PX, y / CANVAS_PX, (x + s) / CANVAS_PX, (y + s) / CANVAS_PX) for x, y, s in placements]
    faces = [_face_box(cast, figure, box) for figure, box in zip(scene.figures, boxes, strict=True)]
    seen = [_share_seen(face, covers[:place]) for place, face in enumerate(faces)]
    if scene.style == "movie poster":
        boxes = [_in_poster(box) for box in boxes]
        faces = [_in_poster(face) if face else None for face in faces]
    return Rendering(small, tuple(boxes), tuple(faces), tuple(seen))


def _share_seen(face: Box | None, in_front: list[Image.Image]) -> float:
    """The share of a face that the figures in front of it leave free; 1 where there is no face."""
    if face is None or not in_front:
        return 1.0
    left, top, right, bottom = (round(side * CANVAS_PX) for side in face)
    covered = np.asarray(in_front[0])[max(0, top) : bottom, max(0, left) : right]
    return 1.0 - float(covered.mean()) / 255 if covered.size else 0.0


def _placements(scene: Scene, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Left, top and side in canvas pixels, per figure."""
    jitter = rng.uniform(-1, 1, (len(scene.figures), 3))
    if scene.relation is None:
        spots = [(0.5, 0.54, SIZES[scene.figures[0].size])]
    elif scene.relation in ("on", "riding"):
        spots = [(0.5, 0.28, 0.46), (0.5, 0.70, 0.56)]
    elif scene.relation == "next to":
        spots = [(0.27, 0.58, 0.47), (0.73, 0.58, 0.47)]
    else:
        spots = [(0.36, 0.68, 0.46), (0.60, 0.46, 0.64)]
    reach = 0.08 if scene.relation is None else 0.02
    placed = []
    for (x, y, side), (dx, dy, ds) in zip(spots, jitter, strict=True):
        size = side * (1 + 0.06 * ds) * CANVAS_PX
        slack = max(0.0, 1 - side) * reach * 2
        placed.append(((x + dx * slack) * CANVAS_PX - size / 2, (y + dy * slack * 0.7) * CANVAS_PX - size / 2, size))
    return placed


def _figure_picture(figure: Figure, look: str, art: Artwork, side: int) -> Image.Image:
    pixels = art[figure.variant, look]
    if figure.colour is not None:
        pixels = _tinted(pixels, COLOURS[figure.colour])
    picture = Image.fromarray(pixels[:, ::-1] if figure.flipped else pixels)
    return picture.resize((side, side), Image.Resampling.BILINEAR)


def _tinted(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """The artwork in shades of one colour: its own brightness, stretched around the colour's."""
    grey = pixels[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    solid = grey[pixels[..., 3] > 128]
    low, high = np.percentile(solid, (2, 98)) if solid.size else (0.0, 255.0)
    share = np.clip((grey - low) / max(high - low, 1.0), 0, 1)[..., None]
    base = np.array(colour, dtype=np.float32)
    shaded = np.where(share < 0.6, base * (0.35 + 0.65 * share / 0.6), base + (255 - base) * 0.55 * (share - 0.6) / 0.4)
    out = pixels.copy()
    out[..., :3] = np.clip(shaded, 0, 255).astype(np.uint8)
    return out


def _face_box(cast: Cast, figure: Figure, box: Box) -> Box | None:
    face = cast.by_name[figure.subject].face
    if face is None:
        return None
    left, top, right, bottom = face
    if figure.flipped:
        left, right = 1 - right, 1 - left
    width, height = box[2] - box[0], box[3] - box[1]
    return (box[0] + left * width, box[1] + top * height, box[0] + right * width, box[1] + bottom * height)


def _in_poster(box: Box) -> Box:
    """Where a box lands once the picture is set into the poster's frame (see styles)."""
    scale, left, top = 13 / 16, 3 / 32, 1 / 32
    return (box[0] * scale + left, box[1] * scale + top, box[2] * scale + left, box[3] * scale + top)
