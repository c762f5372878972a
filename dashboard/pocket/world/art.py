"""The subjects' pictures: Fluent Emoji rasterised from its npm packages, or a few shapes of our own.

The packages (MIT licence, Microsoft Corporation) are fetched by `make pocket-art` through npm and
rasterised into one cached file. Nothing of them is committed; running and testing need none of it.
"""

import io
import json
import math
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dashboard.pocket.world.casts import CASTS, SHAPES
from dashboard.pocket.world.subjects import Cast

ART_PX = 96  # a side of a cached picture; the largest subject is drawn at 122 of 128 px before halving
PACKAGES = {
    "solid": "@iconify-json/fluent-emoji@1.2.7",  # the "3d render" look, and photos
    "flat": "@iconify-json/fluent-emoji-flat@1.2.6",  # the "cartoon" look
}
DEFAULT_CACHE = Path(".cache/pocket-art.npz")

# (artwork name, look) -> uint8 RGBA of (ART_PX, ART_PX, 4)
Artwork = Mapping[tuple[str, str], np.ndarray]


class ArtMissing(RuntimeError):
    """The artwork cache is not there; the sentence says which command makes it."""


def load_art(cast: Cast, path: Path = DEFAULT_CACHE) -> Artwork:
    """Every picture that the cached file holds. ArtMissing where it lacks one that `cast` needs."""
    if not path.exists():
        raise ArtMissing(f"The artwork is not at {path}. Run `make pocket-art` first (it needs npm).")
    with np.load(path) as stored:
        keys = [(str(name), str(look)) for name, look in stored["names"]]
        art = dict(zip(keys, stored["pictures"], strict=True))
    missing = {icon for subject in cast.subjects for icon in subject.variants} - {name for name, _ in art}
    if missing:
        raise ArtMissing(f"The artwork at {path} lacks {len(missing)} pictures. Run `make pocket-art` again.")
    return art


def build_art(path: Path = DEFAULT_CACHE) -> int:
    """Fetch the packages, rasterise every variant in both looks, write one file; returns the number of pictures."""
    import resvg_py  # only this step needs it

    names, pictures = [], []
    wanted = sorted({icon for subject in CASTS["whole"].subjects for icon in subject.variants})
    for look, package in PACKAGES.items():
        icons = _fetch_icons(package)
        for name in wanted:
            svg = (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{ART_PX}" height="{ART_PX}" viewBox="0 0 32 32">'
                f"{icons[name]['body']}</svg>"
            )
            png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=ART_PX, height=ART_PX))
            pictures.append(np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")))
            names.append((name, look))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, names=np.array(names), pictures=np.stack(pictures))
    return len(pictures)


def _fetch_icons(package: str) -> dict[str, dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        archive = next(Path(folder).glob("*.tgz"))
        with tarfile.open(archive) as tar:
            member = tar.extractfile("package/icons.json")
            assert member is not None, f"{package} holds no icons.json"
            icons: dict[str, dict[str, str]] = json.load(member)["icons"]
            return icons


# --- shapes of our own: what the tests' training draws ---------------------------------------


def shape_art() -> Artwork:
    """Four shapes in both looks; "solid" has a lighter upper half so that the looks differ."""
    return {(name, look): _draw_shape(name, shaded=look == "solid") for name in SHAPES for look in PACKAGES}


def _draw_shape(name: str, *, shaded: bool) -> np.ndarray:
    middle, radius = ART_PX / 2, ART_PX * 0.46
    corners = {"circle": 64, "square": 4, "triangle": 3, "star": 10}[name]
    turn = math.pi / 4 if name == "square" else -math.pi / 2
    points = []
    for index in range(corners):
        reach = radius * (0.45 if name == "star" and index % 2 else 1.0)
        angle = turn + 2 * math.pi * index / corners
        points.append((middle + reach * math.cos(angle), middle + reach * math.sin(angle)))
    picture = Image.new("RGBA", (ART_PX, ART_PX))
    ImageDraw.Draw(picture).polygon(points, fill=(230, 150, 60, 255))
    pixels = np.asarray(picture).copy()
    if shaded:
        pixels[: ART_PX // 2, :, :3] = 255 - (255 - pixels[: ART_PX // 2, :, :3]) // 2
    return pixels
