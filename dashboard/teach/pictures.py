"""Pictures that a learner uploads: checked before they are decoded, stripped of the rest, kept in memory only."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from dashboard.export.png import MAX_FILE_BYTES, MAX_PIXELS, SIGNATURE, NotAReceipt, read_png

MAX_PICTURES = 8  # that one word is taught from
FORMATS = ("PNG", "JPEG", "WEBP")


class BadPicture(ValueError):
    """The file cannot be used; the message is a sentence for the learner."""


def read_picture(data: bytes) -> Image.Image:
    """The picture in a PNG, JPEG or WebP file: RGB, upright, transparent parts on white, without EXIF or other extras.

    Its size is read and limited before any pixel is decoded. BadPicture for everything else.
    """
    if len(data) > MAX_FILE_BYTES:
        raise BadPicture(f"This file is larger than {MAX_FILE_BYTES // 2**20} MB.")
    try:
        source = read_png(data).picture if data.startswith(SIGNATURE) else data
        with Image.open(io.BytesIO(source), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadPicture(f"This picture has {image.width} x {image.height} pixels: scale it down first.")
            layers = ImageOps.exif_transpose(image).convert("RGBA")
    except (BadPicture, NotAReceipt) as error:
        raise BadPicture(str(error)) from error
    except Exception as error:  # Pillow's decoders raise a dozen unrelated types on damaged data
        raise BadPicture("This file is no PNG, JPEG or WebP picture, or it is damaged.") from error
    paper = Image.new("RGBA", layers.size, "white")
    return Image.alpha_composite(paper, layers).convert("RGB")


def square(picture: Image.Image, side: int) -> Image.Image:
    """The middle of the picture as `side` x `side` pixels, RGB."""
    return ImageOps.fit(picture.convert("RGB"), (side, side), Image.Resampling.LANCZOS)
