"""Sheets: every label in full, images where they belong, and the model named."""

import numpy as np
import pytest
from PIL import ImageDraw

from dashboard.engine import ImageRequest
from dashboard.export import POCKET_CREDIT, grid_png
from dashboard.export.lettering import Lettering
from dashboard.export.sheets import GAP, LABEL, MARGIN, ROW_LABEL_WIDTH, SMALLEST_CELL, WRAP_AT
from tests.export.made import make_result

LONG = "a photograph of an astronaut riding a horse, " * 8 + "Donaudampfschifffahrtsgesellschaftskapitän" * 3


@pytest.fixture
def written(monkeypatch):
    """Every line of text that is drawn: (text, its box in pixels)."""
    lines = []
    real = ImageDraw.ImageDraw.text

    def spy(self, xy, text, font=None, **kwargs):
        lines.append((text, self.textbbox(xy, text, font=font), self.im.size))
        return real(self, xy, text, font=font, **kwargs)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", spy)
    return lines


def flat(color: tuple[int, int, int]):
    return make_result(ImageRequest(prompt=str(color)), rgb=bytes(color) * 64 * 64)


def test_labels_are_never_clipped_and_never_overlap(written):
    results = [make_result(ImageRequest(prompt="a", seed=i)) for i in range(6)]
    rows, columns = [LONG, "short"], ["guidance 2", LONG, "guidance 8"]
    grid_png(results, rows, columns, title=LONG, captions=[LONG, "1.2 s", "", "1 s", "2 s", LONG])
    for _, (left, top, right, bottom), (width, height) in written:
        assert 0 <= left < right <= width and 0 <= top < bottom <= height
    boxes = [box for _, box, _ in written]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    letters = "".join(text for text, _, _ in written).replace(" ", "")
    for label in [*rows, *columns, POCKET_CREDIT]:
        assert label.replace(" ", "") in letters


def test_images_stand_row_by_row_three_times_as_large():
    colors = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0)]
    sheet = np.asarray(grid_png([flat(c) for c in colors], ["r1", "r2"], ["c1", "c2"]))
    centers = []
    for color in colors:
        ys, xs = np.where((sheet == color).all(axis=2))
        assert len(ys) == SMALLEST_CELL**2  # 64 px at three times its size, flat colours stay flat
        centers.append((ys.mean(), xs.mean()))
    (y1, x1), (y2, x2), (y3, x3), (y4, x4) = centers
    assert y1 == y2 < y3 == y4 and x1 == x3 < x2 == x4
    assert x1 > MARGIN + ROW_LABEL_WIDTH + GAP


def test_enlarging_is_smooth():
    half = np.zeros((64, 64, 3), np.uint8)
    half[:, 32:] = 255
    sheet = np.asarray(grid_png([make_result(rgb=half.tobytes())], [], ["x"]))
    assert len(np.unique(sheet[MARGIN + 100, MARGIN : MARGIN + SMALLEST_CELL])) > 2


def test_one_axis_wraps():
    results = [make_result(ImageRequest(prompt="a", seed=i)) for i in range(20)]
    sheet = grid_png(results, [], [f"seed {i}" for i in range(20)])
    assert sheet.width == 2 * MARGIN + WRAP_AT * (SMALLEST_CELL + GAP) - GAP
    assert sheet.height > 3 * SMALLEST_CELL


def test_large_images_keep_their_size():
    assert grid_png([make_result(width=512, height=512)], [], ["x"]).width == 512 + 2 * MARGIN


def test_another_model_is_named_and_pocket_is_never_called_stable_diffusion(written):
    grid_png([make_result(ImageRequest(prompt="a", model="other"), model_name="Stable Diffusion v1.4")], [], ["x"])
    assert written[-1][0] == "Made with Stable Diffusion v1.4"
    grid_png([make_result()], [], ["x"])
    assert " ".join(text for text, _, _ in written[-2:]).endswith(POCKET_CREDIT)


@pytest.mark.parametrize("rows,columns", [([], []), ([], ["a", "b"]), (["a", "b"], ["c"])])
def test_places_must_be_filled(rows, columns):
    with pytest.raises(ValueError, match="do not fill"):
        grid_png([make_result()], rows, columns)


@pytest.mark.parametrize("text", ["", " ", "a", LONG, "w" * 500, "a\nb\tc", "i" * 7 + " " + "W" * 90])
@pytest.mark.parametrize("width", [30, 220])
def test_wrapping_fits_and_loses_nothing(text, width):
    lines = LABEL.wrapped(text, width)
    assert all(LABEL.measure(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())


def test_a_letter_wider_than_the_line_still_comes():
    assert Lettering(40, (0, 0, 0)).wrapped("WW", 10) == ["W", "W"]
