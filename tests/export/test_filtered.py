"""A picture that a safety checker withheld is shown as that, and never as plain black."""

from __future__ import annotations

import numpy as np
from made import make_result

from dashboard.engine import ImageRequest
from dashboard.export import cells_csv, grid_png
from dashboard.export.filtered import shown_picture
from dashboard.export.tables import Cell


def withheld(side: int = 64):
    return make_result(ImageRequest(prompt="a cat"), width=side, height=side, rgb=bytes(side * side * 3), filtered=True)


def test_the_sheet_in_its_place_is_light_and_keeps_the_shape():
    wide = make_result(ImageRequest(prompt="a"), width=64, height=32, rgb=bytes(64 * 32 * 3), filtered=True)
    for result in (withheld(), withheld(512), wide):
        picture = shown_picture(result)
        assert picture.width / picture.height == result.width / result.height
        assert np.asarray(picture).mean() > 180 and np.asarray(picture).min() < 100  # light, with dark words


def test_other_pictures_are_shown_as_they_are():
    black = make_result(ImageRequest(prompt="a night"), width=8, height=8, rgb=bytes(8 * 8 * 3))
    assert np.array_equal(np.asarray(shown_picture(black)), black.array())


def test_tables_and_sheets_say_it():
    table = cells_csv([Cell(file="a.png", result=withheld())])
    assert "filtered" in table.splitlines()[0] and table.splitlines()[1].endswith("True")
    sheet = np.asarray(grid_png([withheld()], [], ["one"]))
    assert (sheet.max(axis=-1) == 0).mean() < 0.01
