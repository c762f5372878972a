"""Tables, archives and pages hold learners' words as words."""

import csv
import io
import re
import zipfile
from html.parser import HTMLParser

import pytest

from dashboard.engine import ImageRequest, Latents, initial_noise
from dashboard.export import (
    POCKET_CREDIT,
    Cell,
    alt_text,
    cell_caption,
    cells_csv,
    file_name,
    index_html,
    png_bytes,
    zip_bytes,
)
from tests.export.made import make_result

HOSTILE = "\"><script>alert(1)</script>' onerror=x & ../../etc/passwd\x07"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_csv_formulas_are_escaped(start):
    prompt = start + "HYPERLINK(1)"
    (row,) = rows(
        cells_csv([Cell(file="a.png", result=make_result(ImageRequest(prompt=prompt, negative_prompt=" =1")))])
    )
    assert row["prompt"] == "'" + prompt
    assert row["negative_prompt"] == "' =1"


def test_csv_escapes_nul():
    (row,) = rows(cells_csv([Cell(file="a.png", result=make_result(model_name="x", device="\0=1"))]))
    assert row["device"] == "'\0=1"


def test_csv_has_every_parameter_and_loses_nothing():
    request = ImageRequest(
        prompt='a, "b"\nc', seed=2**63 - 1, num_inference_steps=6, guidance_scale=2.5, scheduler="lms"
    )
    result = make_result(request)
    (row,) = rows(cells_csv([Cell(file="a.png", result=result)]))
    assert row["file"] == "a.png" and row["sha256"] == result.sha256 and float(row["seconds"]) == 1.25
    for name in ("prompt", "negative_prompt", "seed", "num_inference_steps", "guidance_scale", "scheduler", "model"):
        assert row[name] == str(getattr(request, name))
    assert (row["width"], row["height"]) == ("64", "64")


def test_file_names_are_safe_and_follow_the_pattern():
    result = make_result(ImageRequest(prompt=HOSTILE, seed=42, guidance_scale=7.5, scheduler="pndm"))
    assert file_name(result) == f"pocket-seed42-steps20-g7.5-{result.sha256[:8]}.png"
    named = make_result(ImageRequest(prompt="a", model="../CON/../ö x:y" + "z" * 100, guidance_scale=0.1 + 0.2))
    assert re.fullmatch(r"[a-z0-9.-]{1,120}", file_name(named)) and not file_name(named).startswith(".")


def test_alt_text():
    request = ImageRequest(prompt="a poodle", seed=42, guidance_scale=7.5, scheduler="pndm")
    assert alt_text(request) == "Pocket: 'a poodle', seed 42, 20 steps, guidance 7.5, PNDM"
    assert alt_text(request.replace(negative_prompt="fog", num_inference_steps=1, model="x/y")) == (
        "x/y: 'a poodle', seed 42, 1 step, guidance 7.5, PNDM, negative prompt 'fog'"
    )


def test_a_cell_says_its_time_and_its_seed():
    request = ImageRequest(prompt="a poodle", seed=42)
    assert cell_caption(make_result(request)) == "1.25 s · seed 42"
    given = Latents.from_tensor(initial_noise(7, (1, 4, 8, 8)))
    assert cell_caption(make_result(request.replace(latents=given))) == "1.25 s", "its noise came from no seed"
    page = index_html([Cell(file="a.png", result=make_result(request))], [], ["a column"], title="t")
    assert "1.25 s · seed 42 · <code>" in page


def test_zip_is_whole_deterministic_and_keeps_equal_images_apart():
    results = [make_result(), make_result(), make_result(ImageRequest(prompt=HOSTILE))]
    data = zip_bytes(results)
    assert data == zip_bytes(results)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        table = rows(archive.read("cells.csv").decode())
        assert sorted(archive.namelist()) == sorted([row["file"] for row in table] + ["cells.csv"])
        for row, result in zip(table, results, strict=True):
            assert archive.read(row["file"]) == png_bytes(result)


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def test_page_is_escaped_labelled_and_self_contained():
    requests = [ImageRequest(prompt=HOSTILE, seed=s, guidance_scale=g) for s in (1, 2) for g in (3, 5)]
    cells = [Cell(file=f"a:{i} #.png", result=make_result(request)) for i, request in enumerate(requests)]
    text = index_html(
        cells, [HOSTILE, "row 2"], ["guidance 3", HOSTILE], title=HOSTILE, links=["grid.png", "cells.csv"]
    )
    page = Page(text)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "iframe", "link", "object"})
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [image["alt"] for image in images] == [alt_text(request) for request in requests]
    addresses = [value for _, a in page.tags for name, value in a.items() if name in ("src", "href")]
    assert len(addresses) == 2 + 2 * 4
    assert all(re.fullmatch(r"\./[\w%.-]+", address) for address in addresses)
    assert page.words.count(HOSTILE) >= 3
    assert POCKET_CREDIT in page.words
    assert text.count('scope="row"') == 2 and text.count('scope="col"') == 2


def test_page_of_one_axis():
    page = index_html([Cell(file="a.png", result=make_result())], [], ["seed 1"], title="t")
    assert page.count("<img") == 1 and 'scope="row"' not in page


def test_page_refuses_cells_that_do_not_fill_it():
    with pytest.raises(ValueError, match="do not fill"):
        index_html([], [], [], title="t")
