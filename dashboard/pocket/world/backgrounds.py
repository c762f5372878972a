"""The twelve places, drawn with Pillow at 128 x 128 px; what varies is drawn from the scene's own generator."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from dashboard.pocket.world.subjects import COLOURS

CANVAS_PX = 128
Rgb = tuple[int, int, int]


def draw_place(place: str, colour: str | None, rng: np.random.Generator) -> Image.Image:
    if place == "plain":
        base = np.array(COLOURS[colour or "white"], dtype=float)
        light = tuple(int(c) for c in base + (255 - base) * 0.25)
        return _gradient((light[0], light[1], light[2]), COLOURS[colour or "white"])
    return _PAINTERS[place](rng)


def _gradient(top: Rgb, bottom: Rgb) -> Image.Image:
    shares = np.linspace(0, 1, CANVAS_PX)[:, None]
    rows = np.array(top) * (1 - shares) + np.array(bottom) * shares
    return Image.fromarray(np.repeat(rows[:, None, :], CANVAS_PX, axis=1).astype(np.uint8))


def _hills(draw: ImageDraw.ImageDraw, rng: np.random.Generator, height: int, swing: int, fill: Rgb) -> None:
    phase, waves = rng.uniform(0, 6.28), rng.uniform(1.0, 2.0)
    xs = np.arange(0, CANVAS_PX + 8, 8)
    ys = height + swing * np.sin(phase + waves * 6.28 * xs / CANVAS_PX)
    ridge = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    draw.polygon([*ridge, (CANVAS_PX, CANVAS_PX), (0, CANVAS_PX)], fill=fill)


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: Rgb) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def _dots(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, count: int, bottom: int, radius: float, fill: Rgb
) -> None:
    for x, y in rng.uniform(0, 1, (count, 2)):
        _disc(draw, x * CANVAS_PX, y * bottom, radius, fill)


def _space(rng: np.random.Generator) -> Image.Image:
    image = _gradient((12, 8, 40), (44, 16, 76))
    draw = ImageDraw.Draw(image)
    _dots(draw, rng, 26, CANVAS_PX, 1.2, (250, 250, 255))
    x, y = rng.uniform(0, CANVAS_PX), rng.uniform(4, 30)
    _disc(draw, x, y, 13, (206, 128, 84))
    return image


def _beach(rng: np.random.Generator) -> Image.Image:
    image = _gradient((104, 190, 248), (196, 232, 252))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 62, CANVAS_PX, 90), fill=(44, 140, 206))
    _hills(draw, rng, 88, 3, (242, 214, 150))
    return image


def _sunset(rng: np.random.Generator) -> Image.Image:
    image = _gradient((96, 48, 128), (252, 148, 64))
    draw = ImageDraw.Draw(image)
    _disc(draw, rng.uniform(16, 112), 74, 16, (255, 222, 110))
    _hills(draw, rng, 98, 5, (70, 34, 62))
    return image


def _snow(rng: np.random.Generator) -> Image.Image:
    image = _gradient((150, 190, 214), (214, 232, 240))
    draw = ImageDraw.Draw(image)
    _hills(draw, rng, 92, 6, (248, 250, 253))
    _dots(draw, rng, 24, CANVAS_PX, 1.8, (255, 255, 255))
    return image


def _forest(rng: np.random.Generator) -> Image.Image:
    image = _gradient((150, 204, 166), (196, 228, 190))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 96, CANVAS_PX, CANVAS_PX), fill=(62, 128, 58))
    offset = rng.uniform(0, 20)
    for step in range(-1, 8):
        x, height = offset + step * 20, rng.uniform(50, 76)
        draw.polygon([(x - 14, 98), (x + 14, 98), (x, 98 - height)], fill=(30, 88, 50))
    return image


def _city(rng: np.random.Generator) -> Image.Image:
    image = _gradient((146, 182, 216), (206, 220, 232))
    draw = ImageDraw.Draw(image)
    for index in range(6):
        left, top = index * 22 - 2, rng.uniform(34, 66)
        shade = int(rng.uniform(0, 26))
        draw.rectangle((left, top, left + 20, 108), fill=(92 + shade, 88 + shade, 112 + shade))
        for wx in range(3):
            for wy in np.arange(top + 5, 102, 9):
                draw.rectangle((left + 3 + wx * 6, wy, left + 5 + wx * 6, wy + 4), fill=(250, 226, 130))
    draw.rectangle((0, 106, CANVAS_PX, CANVAS_PX), fill=(84, 86, 94))
    return image


def _night(rng: np.random.Generator) -> Image.Image:
    image = _gradient((10, 18, 60), (30, 50, 110))
    draw = ImageDraw.Draw(image)
    _dots(draw, rng, 14, 80, 1.0, (230, 235, 255))
    _disc(draw, rng.uniform(16, 112), 22, 11, (250, 240, 200))
    _hills(draw, rng, 100, 5, (20, 38, 44))
    return image


def _underwater(rng: np.random.Generator) -> Image.Image:
    image = _gradient((40, 158, 214), (10, 54, 122))
    draw = ImageDraw.Draw(image)
    for x, y in rng.uniform(0, CANVAS_PX, (9, 2)):
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), outline=(196, 234, 250))
    return image


def _desert(rng: np.random.Generator) -> Image.Image:
    image = _gradient((250, 212, 160), (252, 232, 196))
    draw = ImageDraw.Draw(image)
    _hills(draw, rng, 82, 7, (222, 170, 96))
    _hills(draw, rng, 102, 6, (204, 146, 74))
    return image


def _mountains(rng: np.random.Generator) -> Image.Image:
    image = _gradient((120, 176, 232), (206, 228, 246))
    draw = ImageDraw.Draw(image)
    offset = rng.uniform(-16, 16)
    for middle, height in ((20, 52), (66, 74), (112, 58)):
        x, top, snow_line = middle + offset, 104 - height, 104 - height * 0.7
        draw.polygon([(x - 40, 104), (x + 40, 104), (x, top)], fill=(104, 112, 132))
        draw.polygon([(x - 12, snow_line), (x + 12, snow_line), (x, top)], fill=(250, 250, 252))
    draw.rectangle((0, 102, CANVAS_PX, CANVAS_PX), fill=(88, 136, 84))
    return image


def _meadow(rng: np.random.Generator) -> Image.Image:
    image = _gradient((112, 196, 250), (206, 236, 252))
    draw = ImageDraw.Draw(image)
    for x, y in zip(rng.uniform(0, CANVAS_PX, 2), rng.uniform(12, 30, 2), strict=True):
        for shift in (-9, 0, 9):
            _disc(draw, x + shift, y, 8, (255, 255, 255))
    _hills(draw, rng, 84, 5, (116, 198, 76))
    return image


_PAINTERS: dict[str, Callable[[np.random.Generator], Image.Image]] = {
    "space": _space,
    "beach": _beach,
    "sunset": _sunset,
    "snow": _snow,
    "forest": _forest,
    "city": _city,
    "night": _night,
    "underwater": _underwater,
    "desert": _desert,
    "mountains": _mountains,
    "meadow": _meadow,
}
