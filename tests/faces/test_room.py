"""The faces room without its networks: crops, pasting, damage, what came back, pictures from outside."""

from __future__ import annotations

import io
import math
import struct
import sys
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dashboard.faces.alignment import ALIGNED_PX, TEMPLATE, Alignment
from dashboard.faces.compare import recovery
from dashboard.faces.crops import crop_square, cut, overlap, scaled
from dashboard.faces.damage import Damage, damaged
from dashboard.faces.paste import paste_back
from dashboard.faces.pictures import MAX_BYTES, png_bytes, read_picture
from dashboard.faces.restoration import FaceError, enlarge
from dashboard.faces.round_trip import latents_across, through_latents
from dashboard.faces.sizes import at_size, large_faces, longer_side
from dashboard.faces.yunet import YuNet, found_faces


def picture(seed: int = 0, size: tuple[int, int] = (48, 40)) -> Image.Image:
    """Smooth random colours, as pictures are."""
    small = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def gap(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(np.asarray(a).astype(int) - np.asarray(b).astype(int)).mean())


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


# --- crops and pasting ------------------------------------------------------------------------


def test_a_crop_is_what_lies_in_its_square():
    assert cut(picture(), (8, 8, 24, 24), 16).tobytes() == picture().crop((8, 8, 24, 24)).tobytes()


def test_a_crop_beyond_the_picture_repeats_its_edge():
    crop = np.asarray(cut(picture(), (-10, -10, 6, 6), 16))
    assert (crop[:10, :10] == np.asarray(picture())[0, 0]).all()


def test_overlap():
    assert overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 2, 2), (2, 0, 4, 2)) == 0


@pytest.mark.parametrize("square", [(8, 8, 24, 24), (7.3, 5.8, 30.1, 28.6), (-6.5, -4.0, 20.0, 22.5), (30, 20, 60, 50)])
@pytest.mark.parametrize("side", [16, 64])
def test_pasting_a_crop_back_unchanged_changes_hardly_anything(square, side):
    pasted = paste_back(picture(), cut(picture(), square, side), square, 1.0)
    assert gap(pasted, picture()) < 2.0
    outside = np.ones((40, 48), dtype=bool)
    left, top, right, bottom = (int(v) for v in square)
    outside[max(0, top - 1) : bottom + 2, max(0, left - 1) : right + 2] = False
    assert (np.asarray(pasted)[outside] == np.asarray(picture())[outside]).all(), "nothing beside the face moves"


def test_the_blend_is_the_share_of_restored_pixels():
    white, square = Image.new("RGB", (64, 64), "white"), (8, 8, 56, 56)
    ground = picture(size=(64, 64))
    middle = (slice(28, 36), slice(28, 36))
    for blend in (0.0, 0.25, 0.5, 1.0):
        shown = np.asarray(paste_back(ground, white, square, blend))[middle].astype(float)
        expected = np.asarray(ground)[middle] * (1 - blend) + 255 * blend
        assert np.abs(shown - expected).max() < 1.5
    assert paste_back(ground, white, square, 0.0).tobytes() == ground.tobytes()


# --- damage -----------------------------------------------------------------------------------


def test_no_damage_is_none_and_noise_follows_its_seed():
    assert damaged(picture(), Damage()).tobytes() == picture().tobytes()
    one, same, other = (damaged(picture(), Damage(noise=9, seed=seed)) for seed in (1, 1, 2))
    assert one.tobytes() == same.tobytes() != other.tobytes()
    assert 4 < gap(one, picture()) < 9  # 9 times sqrt(2 / pi) is 7.2; clipping takes some


@pytest.mark.parametrize("damage", [Damage(blur=2), Damage(shrink=4), Damage(noise=20)])
def test_each_kind_of_damage_changes_the_picture_and_keeps_its_size(damage):
    assert damaged(picture(), damage).size == picture().size
    assert gap(damaged(picture(), damage), picture()) > 1


@pytest.mark.parametrize("wrong", [{"blur": -1}, {"shrink": 0}, {"noise": 1000}, {"blur": math.nan}])
def test_impossible_damage_is_refused(wrong):
    with pytest.raises(ValueError, match="must be from"):
        Damage(**wrong)


# --- what came back, what was invented --------------------------------------------------------

BOX = (4.0, 4.0, 40.0, 36.0)


def test_a_perfect_restoration_brings_everything_back_and_invents_nothing():
    poor = damaged(picture(), Damage(blur=3))
    found = recovery(picture(), poor, picture(), BOX)
    assert found.came_back == pytest.approx(1) and found.invented == pytest.approx(0)
    assert math.isinf(found.restored_psnr) and math.isinf(found.gain)


def test_doing_nothing_brings_nothing_back():
    poor = damaged(picture(), Damage(blur=3))
    found = recovery(picture(), poor, poor, BOX)
    assert (found.came_back, found.invented, found.gain) == (0, 0, 0)


def test_another_face_is_all_invention():
    true, poor = Image.new("RGB", (48, 40), (100, 100, 100)), Image.new("RGB", (48, 40), (100, 100, 60))
    elsewhere = Image.new("RGB", (48, 40), (160, 100, 60))
    found = recovery(true, poor, elsewhere, BOX)
    assert found.came_back == 0 and found.invented == 1 and found.gain < 0
    backwards = recovery(true, poor, Image.new("RGB", (48, 40), (100, 100, 20)), BOX)
    assert backwards.came_back == pytest.approx(-1) and backwards.invented == 1


def test_half_the_way_is_half():
    true, poor, half = (Image.new("RGB", (48, 40), (100, 100, blue)) for blue in (100, 60, 80))
    found = recovery(true, poor, half, BOX)
    assert found.came_back == pytest.approx(0.5) and found.invented == pytest.approx(0)
    assert found.gain == pytest.approx(20 * math.log10(2))


# --- sizes and latents ------------------------------------------------------------------------


def test_a_face_at_a_size_has_that_size():
    scene = large_faces(48)[0]
    assert longer_side(scene.faces[0].box) >= 48
    for size in (6, 24, 48):
        shown, box = at_size(scene, size)
        assert shown.size == (64, 64) and longer_side(box) == pytest.approx(size)
        assert (box[0] + box[2]) / 2 == pytest.approx(32)


def test_latents_of_a_face_as_the_lesson_says():
    assert latents_across((256, 256), 8) == 1024 and latents_across((64, 64), 8) == 64
    assert latents_across((24, 24), 8) == 9 and latents_across((12, 12)) == 9
    for side, numbers, values in ((24, 36, 1_728), (64, 256, 12_288), (256, 4_096, 196_608)):
        assert side * side * 3 == values == 48 * numbers and numbers == 4 * latents_across((side, side), 8)


def test_the_round_trip_loses_something_and_has_no_chance_in_it():
    scene = large_faces(48)[0].picture.resize((64, 64), Image.Resampling.BOX)
    once, again = through_latents([scene]), through_latents([scene])
    assert once[0].tobytes() == again[0].tobytes() and 0.5 < gap(once[0], scene) < 20


# --- alignment --------------------------------------------------------------------------------


def test_landmarks_come_to_lie_on_the_template():
    angle, size, shift = 0.4, 0.31, np.array([70.0, 55.0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = (TEMPLATE - 256) @ turn.T * size + shift
    matrix = Alignment.from_landmarks(landmarks).matrix
    assert np.allclose(landmarks @ matrix[:, :2].T + matrix[:, 2], TEMPLATE, atol=1e-6)


def test_a_mirrored_face_is_not_turned_inside_out():
    mirrored = TEMPLATE * [-1, 1] + [512, 0]
    matrix = Alignment.from_landmarks(mirrored).matrix
    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize("factor", [1, 2])
def test_an_aligned_face_goes_back_where_it_was(factor):
    photo = picture(3, (200, 180))
    alignment = Alignment.from_box((60, 50, 130, 140))
    crop = alignment.crop(photo)
    assert crop.size == (ALIGNED_PX, ALIGNED_PX)
    large = enlarge(photo, factor)
    assert gap(alignment.enlarged(factor).paste(crop, large, 1.0), large) < 1.5
    assert alignment.enlarged(factor).paste(Image.new("RGB", crop.size), large, 0.0).tobytes() == large.tobytes()


def test_a_finder_that_fails_gives_its_sentence(monkeypatch):
    class OpenCVError(Exception):
        pass

    class Broken:
        def create(self, *_args):
            return self

        def setInputSize(self, _size):  # OpenCV's name
            raise OpenCVError("(-215:Assertion failed)")

    monkeypatch.setitem(sys.modules, "cv2", SimpleNamespace(error=OpenCVError, FaceDetectorYN=Broken()))
    with pytest.raises(FaceError, match=r"^The face finder failed on this picture\. Your picture is unchanged\.$"):
        YuNet(Path("yunet.onnx")).find(Image.new("RGB", (32, 32)))


def test_yunets_rows():
    row = np.arange(15, dtype=np.float32)[None]
    ((face, points),) = found_faces(row)
    assert face.box == (0, 1, 2, 4) and face.score == 14 and points.shape == (5, 2) and points[0].tolist() == [4, 5]
    assert found_faces(None) == []


# --- pictures from outside --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_are_read(kind):
    read = read_picture(encoded(picture(), kind))
    assert read.size == (48, 40) and read.mode == "RGB" and gap(read, picture()) < 12


def test_exif_and_texts_are_dropped_and_the_picture_stands_upright():
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where I live"  # turned by a quarter; a description
    read = read_picture(encoded(picture(), "JPEG", exif=exif))
    assert read.size == (40, 48) and not read.getexif() and not read.info
    assert b"where I live" not in encoded(read)


def test_transparency_and_grey_become_rgb():
    for mode in ("RGBA", "LA", "L", "P", "I;16"):
        assert read_picture(encoded(Image.new(mode, (20, 20)))).mode == "RGB"


def _bomb(side: int) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I4s", 13, b"IHDR") + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return b"\x89PNG\r\n\x1a\n" + chunk + encoded(picture())[33:]


def _frames() -> bytes:
    return encoded(picture(), "PNG", save_all=True, append_images=[picture(1)])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a PNG"),
        (b"<svg/>", "not a PNG"),
        (encoded(picture(), "GIF"), "not a PNG"),
        (encoded(picture(), "TIFF"), "not a PNG"),
        (encoded(picture())[:-60], "not a PNG"),
        (_bomb(9_000), "9000 x 9000"),
        (_bomb(60_000), "not a PNG"),
        (_frames(), "several pictures"),
        (b"\0" * (MAX_BYTES + 1), "larger than 10 MB"),
    ],
)
def test_other_files_are_refused_with_a_sentence(data, words):
    began = time.perf_counter()
    with pytest.raises(FaceError, match=words) as refusal:
        read_picture(data)
    assert time.perf_counter() - began < 1 and str(refusal.value).endswith(".")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_give_a_picture_or_a_sentence(data):
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP"]))
    body = bytearray(encoded(picture(size=(16, 16)), kind))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
        body = body or bytearray(b"\0")
    try:
        assert read_picture(bytes(body)).mode == "RGB"
    except FaceError as error:
        assert str(error).endswith(".")


def test_a_box_scales_with_its_picture():
    assert scaled((1, 2, 3, 4), 2) == (2, 4, 6, 8)
    assert crop_square((10, 10, 20, 14)) == (7.5, 4.5, 22.5, 19.5)


def test_a_saved_picture_can_say_what_was_done_to_it():
    picture = Image.new("RGB", (20, 30), "teal")
    with Image.open(io.BytesIO(png_bytes(picture, "Faces restored by a network"))) as saved:
        assert saved.text["Comment"] == "Faces restored by a network" and saved.tobytes() == picture.tobytes()
    with Image.open(io.BytesIO(png_bytes(picture))) as plain:
        assert plain.text == {}
