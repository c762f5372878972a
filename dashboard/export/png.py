"""The PNG container, read by hand, so that a hostile file is refused before any decoder sees it.

Chunk layout: W3C PNG specification (third edition), sections 5 (chunks), 11.2 (critical) and 11.3.3 (text).
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_FILE_BYTES = 10 * 2**20  # the dashboard's upload limit
MAX_PIXELS = 2**24  # 4096 x 4096, four times the area of the largest image a model here makes
MAX_TEXT_BYTES = 2 * 2**20  # of each text, after decompression; initial latents for 2048 pixels need 1.4 MB
MAX_CHUNKS = 20_000

PARAMETERS_KEY = "parameters"
RECEIPT_KEY = "diffusion-dashboard"
_PICTURE_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


class NotAReceipt(ValueError):
    """The file carries no receipt that can be trusted; the message is a sentence for the learner."""


@dataclass(frozen=True, kw_only=True)
class PngFile:
    """A PNG taken apart: its size, the two texts that concern us, and the chunks that make its picture."""

    width: int  # pixels
    height: int  # pixels
    texts: Mapping[str, str]
    picture: bytes  # the same PNG with every ancillary chunk but tRNS left out


def read_png(data: bytes) -> PngFile:
    """Take a PNG apart without decoding its pixels. Raises NotAReceipt on anything that is not a sound, modest PNG."""
    if len(data) > MAX_FILE_BYTES:
        raise NotAReceipt(
            f"This file is larger than {MAX_FILE_BYTES // 2**20} MB, more than a picture made here ever is."
        )
    if not data.startswith(SIGNATURE):
        raise NotAReceipt("This file is not a PNG picture; a receipt travels only in the PNG that was downloaded here.")
    width = height = 0
    texts: dict[str, str] = {}
    picture = [SIGNATURE]
    for kind, body in _chunks(data):
        if not width and kind != b"IHDR":
            raise NotAReceipt("This PNG is damaged: it does not begin with its header.")
        if kind == b"IHDR":
            width, height = _size(body)
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            key, _, value = body.partition(b"\0")
            name = key.decode("latin-1")
            if name in (PARAMETERS_KEY, RECEIPT_KEY):
                texts.setdefault(name, _text(kind, value))
        if kind in _PICTURE_CHUNKS:
            picture.append(_chunk(kind, body))
    return PngFile(width=width, height=height, texts=texts, picture=b"".join(picture))


def read_pixels(data: bytes) -> np.ndarray:
    """The picture's pixels, (H, W, 3) uint8. Raises NotAReceipt where there is no sound picture."""
    png = read_png(data)
    try:
        with Image.open(io.BytesIO(png.picture), formats=["PNG"]) as image:
            return np.array(image.convert("RGB"))
    except Exception as error:  # Pillow's decoders raise a dozen unrelated types on damaged data
        raise NotAReceipt("This PNG is damaged: its picture cannot be read.") from error


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if position + 12 > len(data):
            raise NotAReceipt("This PNG is cut short; download it again.")
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise NotAReceipt("This PNG is cut short; download it again.")
        body = data[position + 8 : end - 4]
        if zlib.crc32(kind + body) != struct.unpack_from(">I", data, end - 4)[0]:
            raise NotAReceipt("This PNG is damaged: one of its checksums is wrong.")
        yield kind, body
        if kind == b"IEND":
            return
        position = end
    raise NotAReceipt("This PNG has far more parts than a picture made here.")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def _size(header: bytes) -> tuple[int, int]:
    if len(header) != 13:
        raise NotAReceipt("This PNG is damaged: its header has the wrong length.")
    width, height = struct.unpack_from(">II", header)
    if not width or not height:
        raise NotAReceipt("This PNG is damaged: it says it has no pixels.")
    if width * height > MAX_PIXELS:
        raise NotAReceipt(f"This PNG says it is {width} x {height} pixels, more than a picture made here ever is.")
    return width, height


def _text(kind: bytes, value: bytes) -> str:
    """Decode what follows the keyword of a tEXt, zTXt or iTXt chunk."""
    try:
        if kind == b"tEXt":
            return _capped(value).decode("latin-1")
        if kind == b"zTXt":
            return _inflated(value[1:]).decode("latin-1")
        compressed, _method = value[0], value[1]
        _language, _translated, text = value[2:].split(b"\0", 2)
        return (_inflated(text) if compressed else _capped(text)).decode("utf-8")
    except (zlib.error, UnicodeDecodeError, IndexError, ValueError) as error:
        if isinstance(error, NotAReceipt):
            raise
        raise NotAReceipt("This PNG is damaged: the text stored in it cannot be read.") from error


def _capped(text: bytes) -> bytes:
    if len(text) > MAX_TEXT_BYTES:
        raise NotAReceipt("The text stored in this PNG is far longer than a receipt.")
    return text


def _inflated(text: bytes) -> bytes:
    return _capped(zlib.decompressobj().decompress(text, MAX_TEXT_BYTES + 1))
