"""Uploads: every sound picture is read, nothing else of the file is kept, and hostile files get a sentence."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dashboard.export.png import MAX_PIXELS
from dashboard.teach import COLOURS, SHAPES, BadPicture, draw_shapes, read_picture, square


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def photo() -> Image.Image:
    """Red above, blue below, 40 wide and 20 high, with EXIF that names a place and says: turn me."""
    picture = Image.new("RGB", (40, 20), "red")
    picture.paste((0, 0, 255), (0, 10, 40, 20))
    return picture


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_read_upright_and_without_its_exif(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    exif[0x010E] = "taken at home"
    read = read_picture(saved(photo(), kind, exif=exif))
    assert read.mode == "RGB" and read.size == (40, 20)
    assert not read.getexif() and "exif" not in read.info and b"home" not in read.tobytes()
    if kind != "PNG":  # a PNG's EXIF is cut away unread
        top = np.asarray(read)[3, 20]
        assert top[2] > 200 and top[0] < 60, "the blue half must be above after turning"


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert read_picture(saved(clear, "PNG")).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "I;16"])
def test_other_kinds_of_pixels_are_read(mode: str) -> None:
    assert read_picture(saved(Image.new(mode, (8, 8)), "PNG")).mode == "RGB"


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 100,000 x 100,000 pixels."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 10)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no PNG, JPEG or WebP"),
        (b"GIF89a" + bytes(100), "no PNG, JPEG or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no PNG, JPEG or WebP"),
        (saved(photo(), "GIF"), "no PNG, JPEG or WebP"),
        (saved(photo(), "BMP"), "no PNG, JPEG or WebP"),
        (saved(photo(), "JPEG")[:200], "no PNG, JPEG or WebP"),
        (saved(photo(), "PNG")[:60], "cut short"),
        (bomb(), "100000 x 100000 pixels"),
        (bytes(11 * 2**20), "larger than 10 MB"),
    ],
)
def test_a_bad_file_gets_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(BadPicture, match=sentence):
        read_picture(data)


def test_a_large_jpeg_is_refused_by_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(saved(photo(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5  # the frame header: height, width
    data[at : at + 4] = struct.pack(">HH", 5_000, 5_000)
    assert MAX_PIXELS < 5_000**2
    with pytest.raises(BadPicture, match="5000 x 5000 pixels"):
        read_picture(bytes(data))


def test_the_middle_is_kept() -> None:
    wide = Image.new("RGB", (90, 30), "white")
    wide.paste((0, 0, 255), (30, 0, 60, 30))
    middle = np.asarray(square(wide, 64))
    assert middle.shape == (64, 64, 3)
    assert np.abs(middle[:, 8:56].astype(int) - (0, 0, 255)).max() <= 8, "only the rim may blend with what was cut off"


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_drawn_in_its_colour_and_differs_from_picture_to_picture(shape: str) -> None:
    pictures = draw_shapes(shape, "purple", "yellow", 4, side=64)
    arrays = [np.asarray(picture) for picture in pictures]
    assert len({picture.tobytes() for picture in pictures}) == 4
    for array in arrays:
        assert array.shape == (64, 64, 3)
        inside = (np.abs(array.astype(int) - COLOURS["purple"]).max(axis=-1) < 12).mean()
        outside = (np.abs(array.astype(int) - COLOURS["yellow"]).max(axis=-1) < 12).mean()
        assert 0.04 < inside < 0.5 and 0.4 < outside < 0.95
        assert np.abs(array[0].astype(int) - COLOURS["yellow"]).max() <= 8, "no shape may leave the picture"


def test_shapes_repeat_with_their_seed_and_refuse_unknown_names() -> None:
    first, again, other = (draw_shapes("heart", "red", "white", 1, side=32, seed=s)[0].tobytes() for s in (1, 1, 2))
    assert first == again != other
    with pytest.raises(ValueError, match="choose one of star"):
        draw_shapes("dragon", "red", "white", 1, side=32)
