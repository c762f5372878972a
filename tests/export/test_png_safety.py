"""Hostile files: whatever the bytes, NotAReceipt with a sentence and nothing else, and quickly."""

import json
import struct
import time
import zlib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dashboard.engine import ImageRequest
from dashboard.export import NotAReceipt, Receipt, png_bytes, read_pixels, read_receipt, request_from_png
from dashboard.export.png import MAX_FILE_BYTES, MAX_TEXT_BYTES, SIGNATURE
from tests.export.made import make_result

GOOD = png_bytes(make_result(ImageRequest(prompt="a poodle, 'quoted'", seed=7), width=8, height=8))
HEADER = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes, header: bytes = HEADER) -> bytes:
    return SIGNATURE + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def with_receipt(text: str) -> bytes:
    return png(chunk(b"iTXt", b"diffusion-dashboard\0\0\0\0\0" + text.encode()))


def receipt_values() -> dict:
    return json.loads(json.dumps(Receipt.from_result(make_result()).as_dict()))


def refused(data: bytes) -> str:
    """The sentence with which `data` is refused."""
    with pytest.raises(NotAReceipt) as caught:
        read_receipt(data)
    sentence = str(caught.value)
    assert sentence.endswith(".") and sentence[0].isupper() and "\n" not in sentence
    return sentence


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff\xe0JFIF", SIGNATURE[:5], b"<html>", b"\0" * 1000])
def test_not_a_png(data):
    assert "not a PNG" in refused(data)


def test_a_good_file_is_read():
    assert read_receipt(GOOD).request.seed == 7
    assert read_pixels(GOOD).shape == (8, 8, 3)


def test_every_truncation_is_refused():
    for length in range(len(SIGNATURE), len(GOOD)):
        assert "cut short" in refused(GOOD[:length])


def test_a_flipped_bit_is_refused():
    at = GOOD.index(b"seed")
    assert "checksum" in refused(GOOD[:at] + bytes([GOOD[at] ^ 1]) + GOOD[at + 1 :])


def test_a_plain_png_has_no_receipt():
    assert "carries no receipt" in refused(png())


def test_a_pixel_bomb_is_refused_before_decoding():
    huge = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = png(chunk(b"IDAT", zlib.compress(b"\0" * 10_000_000)), header=huge)
    start = time.perf_counter()
    with pytest.raises(NotAReceipt, match="60000 x 60000"):
        read_pixels(bomb)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("kind,prefix", [(b"zTXt", b"\0"), (b"iTXt", b"\1\0\0\0")])
def test_a_text_bomb_is_refused(kind, prefix):
    bomb = zlib.compress(b"[" * (50 * MAX_TEXT_BYTES))
    assert "far longer" in refused(png(chunk(kind, b"diffusion-dashboard\0" + prefix + bomb)))


def test_a_large_file_is_refused_unread():
    assert "larger than" in refused(GOOD + b"\0" * MAX_FILE_BYTES)


def test_a_million_tiny_chunks_are_refused_quickly():
    start = time.perf_counter()
    assert "parts" in refused(png(*[chunk(b"teXt", b"")] * 800_000))
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"x"',
        "NaN",
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 100_000,
        '{"format": 1}',
        "\x00",
    ],
)
def test_json_that_is_no_receipt(text):
    assert "receipt" in refused(with_receipt(text))


@pytest.mark.parametrize("key", sorted(set(receipt_values()) - {"format"}))
@pytest.mark.parametrize("value", [None, [], {}, "x", -1, 1.5, True, 10**30, {"a": 1}])
def test_wrong_types_and_missing_keys(key, value):
    values = receipt_values()
    fits = {"filtered": [True], "scheduler_config": [{}, {"a": 1}], "versions": [{}]}.get(key, [])
    fits += ["x"] if key in ("model_id", "model_name", "device", "dtype") else []
    if value in fits and type(value) in map(type, fits):
        return
    refused(with_receipt(json.dumps({**values, key: value})))
    del values[key]
    refused(with_receipt(json.dumps(values)))


@pytest.mark.parametrize(
    "field,value",
    [("num_inference_steps", 10**9), ("guidance_scale", 1e999), ("seed", -1), ("scheduler", []), ("width", 10**6)],
)
def test_an_impossible_request(field, value):
    values = receipt_values()
    values["request"][field] = value
    text = json.dumps(values).replace("Infinity", "1e999")
    assert "impossible" in refused(with_receipt(text))


def test_text_that_is_not_text():
    assert "text stored" in refused(png(chunk(b"iTXt", b"diffusion-dashboard\0\0\0\0\0\xff\xfe")))
    assert "text stored" in refused(png(chunk(b"iTXt", b"diffusion-dashboard\0")))
    assert "text stored" in refused(png(chunk(b"zTXt", b"diffusion-dashboard\0\0not zlib")))


def test_a_damaged_picture_is_refused():
    for body in (b"", b"not zlib", zlib.compress(b"\x09" * 10)):
        with pytest.raises(NotAReceipt):
            read_pixels(png(chunk(b"IDAT", body)))


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A good file with a few bytes changed; sometimes with every checksum made right again, so that it goes deeper."""
    data = bytearray(GOOD)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        end = at + draw(st.integers(0, 30))
        data[at:end] = draw(st.binary(max_size=30))
        data = data or bytearray(b"\0")
    return _mended(bytes(data)) if draw(st.booleans()) else bytes(data)


def _mended(data: bytes) -> bytes:
    position, parts = 8, [data[:8]]
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        parts.append(chunk(kind, data[position + 8 : position + 8 + length]))
        position += 12 + length
    return b"".join(parts)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(mutations(), st.binary(max_size=300), st.binary(max_size=300).map(SIGNATURE.__add__)))
@example(GOOD)
def test_any_bytes_give_a_receipt_or_a_sentence(data):
    for read in (read_receipt, read_pixels, request_from_png):
        try:
            read(data)
        except NotAReceipt as error:
            assert str(error)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(receipt_values())), st.sampled_from(sorted(receipt_values()["request"])), JSON, st.booleans()
)
def test_any_json_gives_a_receipt_or_a_sentence(key, field, value, inside):
    values = receipt_values()
    if inside:
        values["request"][field] = value
    else:
        values[key] = value
    try:
        read_receipt(with_receipt(json.dumps(values)))
    except NotAReceipt as error:
        assert str(error)
