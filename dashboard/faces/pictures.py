"""Bytes from outside to a picture: PNG, JPEG or WebP, modest in size, one frame, nothing but its pixels kept."""

from __future__ import annotations

import io

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from dashboard.faces.restoration import FaceError

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 10 * 2**20
MAX_PIXELS = 2**24  # 4096 x 4096


def read_picture(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The picture as RGB, turned upright, its EXIF and texts dropped. FaceError, with a sentence, for anything else."""
    if len(data) > MAX_BYTES:
        raise FaceError(f"This file is larger than {MAX_BYTES // 2**20} MB.")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:  # reads the header only
            width, height = opened.size
            if width * height > max_pixels:
                raise FaceError(f"This picture says it is {width} x {height} pixels, more than can be handled here.")
            if getattr(opened, "n_frames", 1) > 1:
                raise FaceError("This file holds several pictures; give one that holds a single one.")
            opened.load()
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except FaceError:
        raise
    except Exception as error:  # Pillow's decoders raise a dozen unrelated types on damaged data
        raise FaceError("This is not a PNG, JPEG or WebP picture that can be read; it may be damaged.") from error
    return Image.frombytes("RGB", upright.size, upright.tobytes())


def png_bytes(picture: Image.Image, comment: str = "") -> bytes:
    """The picture as a plain PNG, with a comment inside where one is given."""
    buffer, texts = io.BytesIO(), PngInfo()
    if comment:
        texts.add_text("Comment", comment)  # a keyword of the PNG specification
    picture.save(buffer, "PNG", pnginfo=texts)
    return buffer.getvalue()
