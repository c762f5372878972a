"""A picture that a safety checker withheld: people see a sheet that says so, small and large, never just black."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect
from served import serving
from tiny_model import add_checker, save_tiny_model
from visitors import NewVisitor, Server

from dashboard.export.filtered import filtered_sheet

MODEL = "withholding"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard with a tiny model whose checker refuses every picture."""
    folder = tmp_path_factory.mktemp("filtered")
    add_checker(save_tiny_model(folder / "model"), threshold=-2.0)
    with serving(folder, DASHBOARD_MODELS=f"{MODEL}={folder / 'model'}") as found:
        yield found


def pixels(image: Locator) -> np.ndarray:
    kind, data = image.get_attribute("src").split(",", 1)
    assert kind == "data:image/png;base64" and image.evaluate("i => i.complete && i.naturalWidth > 0")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def test_it_is_shown_as_withheld_small_and_large(new_visitor: NewVisitor) -> None:
    page = new_visitor(f"/seeds?model={MODEL}").page
    cell = page.locator('[class*="st-key-cell-seeds-first"]')
    expect(cell).to_contain_text("Filtered: withheld by the model's safety checker")
    expect(cell).to_contain_text(f"Drawn by {MODEL}")
    sheet = np.asarray(filtered_sheet(32, 32))
    small = cell.locator("img")
    assert small.get_attribute("alt").startswith("Filtered, not shown")
    assert np.array_equal(pixels(small), sheet) and sheet.min() < 100 < sheet.mean()

    cell.get_by_role("button", name="Open").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("withheld this picture")).to_be_visible()
    large = dialog.locator("img")
    expect(large).to_be_visible()
    assert np.array_equal(pixels(large), sheet)
    with page.expect_download() as saving:
        dialog.get_by_role("button", name="PNG with its receipt").click()
    assert saving.value.suggested_filename.endswith(".png")
