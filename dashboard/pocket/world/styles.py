"""Art styles: functions from a finished picture (RGB, square) to the same picture in another manner."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps


def apply_style(image: Image.Image, style: str, rng: np.random.Generator) -> Image.Image:
    """`photo`, `3d render` and `cartoon` differ by the artwork's look, so they pass through unchanged."""
    painter = _STYLES.get(style)
    return image if painter is None else painter(image, rng)


def look_of(style: str) -> str:
    """Which of the two artwork sets a style is drawn from."""
    return "flat" if style in ("cartoon", "movie poster", "neon") else "solid"


def _pixel_art(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    small = image.resize((24, 24), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.NEAREST)


def _edges(image: Image.Image) -> Image.Image:
    """Dark lines on white: the difference between a dilated picture and itself."""
    grey = ImageOps.grayscale(image).filter(ImageFilter.GaussianBlur(1))
    lines = ImageChops.difference(grey.filter(ImageFilter.MaxFilter(5)), grey)
    return lines.point([min(255, value * 4) for value in range(256)])


def _pencil_sketch(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    shading = ImageOps.grayscale(image).point([215 + value * 40 // 255 for value in range(256)])
    return ImageChops.subtract(shading, _edges(image).point([value * 7 // 8 for value in range(256)])).convert("RGB")


def _watercolor(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    soft = image.filter(ImageFilter.ModeFilter(7)).filter(ImageFilter.GaussianBlur(1.2))
    return Image.blend(soft, Image.new("RGB", image.size, (252, 246, 232)), 0.42)


def _black_and_white(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    return ImageOps.autocontrast(ImageOps.grayscale(image), cutoff=1).convert("RGB")


def _neon(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    lines = _edges(image)
    vivid = ImageChops.add(image.filter(ImageFilter.MaxFilter(5)), Image.new("RGB", image.size, (40, 20, 60)))
    glow = ImageChops.multiply(vivid, Image.merge("RGB", [lines.filter(ImageFilter.GaussianBlur(1))] * 3))
    return ImageChops.add(glow, Image.new("RGB", image.size, (14, 6, 26)))


def _movie_poster(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The picture in a dark frame above a title block; the letters are bars, for nothing here can read."""
    side = image.width
    poster = Image.new("RGB", image.size, (20, 20, 26))
    poster.paste(
        image.resize((side * 13 // 16, side * 13 // 16), Image.Resampling.BILINEAR), (side * 3 // 32, side // 32)
    )
    draw = ImageDraw.Draw(poster)
    width = side * rng.uniform(0.5, 0.72)
    left = (side - width) / 2
    draw.rectangle((left, side * 0.88, left + width, side * 0.925), fill=(246, 206, 84))
    draw.rectangle((side * 0.3, side * 0.95, side * 0.7, side * 0.968), fill=(180, 180, 190))
    return poster


_STYLES: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "pixel art": _pixel_art,
    "pencil sketch": _pencil_sketch,
    "watercolor": _watercolor,
    "black and white": _black_and_white,
    "neon": _neon,
    "movie poster": _movie_poster,
}
