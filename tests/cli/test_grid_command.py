"""`grid`: a folder whose every file says the same."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from dashboard.cli import grid as grid_module
from dashboard.export import read_receipt

GRID = ("grid", "--model", "tiny", "--steps", "2", "--out", "out")


def table() -> list[dict[str, str]]:
    with Path("out/cells.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_two_axes(run):
    done = run(*GRID, "--prompt", "a poodle", "--seed", "7", "--axis", "guidance=1:3:0.5", "--axis", "steps=1,3")
    assert (done.status, done.err) == (0, "")
    rows = table()
    assert [(float(r["guidance_scale"]), int(r["num_inference_steps"])) for r in rows] == [
        (g, s) for s in (1, 3) for g in (1, 1.5, 2, 2.5)
    ]
    assert len({row["file"] for row in rows}) == 8
    for row in rows:
        receipt = read_receipt(Path("out", row["file"]).read_bytes())
        assert receipt.sha256 == row["sha256"]
        assert receipt.request.guidance_scale == float(row["guidance_scale"])
        assert row["prompt"] == "a poodle" and row["seed"] == "7" and float(row["seconds"]) > 0
    assert {path.name for path in Path("out").iterdir()} == {row["file"] for row in rows} | {
        "grid.png",
        "cells.csv",
        "index.html",
    }
    page = Path("out/index.html").read_text(encoding="utf-8")
    assert all(row["file"] in page for row in rows)
    with Image.open("out/grid.png") as sheet:
        assert sheet.width > 4 * 2 * 64
    assert done.out.splitlines() == [f"{row['sha256']}  out/{row['file']}" for row in rows]
    assert [path.name for path in Path().iterdir()] == ["out"]


def test_a_cell_has_the_hash_of_its_image_whatever_shares_its_batch(run):
    image = run("image", "--model", "tiny", "--prompt", "a poodle", "--steps", "2", "--seed", "2", "--out", "a.png").out
    run(*GRID, "--prompt", "a poodle", "--axis", "seed=1,2,3")
    assert table()[1]["sha256"] == image.strip()
    run(*GRID, "--prompt", "a poodle", "--axis", "seed=1,2,3", "--axis", "scheduler=ddim,heun", "--no-memo")
    assert table()[1]["sha256"] == image.strip()


def test_several_prompts_are_an_axis_and_never_file_names(run):
    hostile = "../../etc/passwd\n<b>, x"
    done = run(*GRID, "--prompt", "a", hostile, "--prompt", "b", "--axis", "scheduler=pndm,ddim", "--json")
    values = json.loads(done.out)
    assert [(c["request"]["prompt"], c["request"]["scheduler"]) for c in values["cells"]] == [
        (p, s) for p in ("a", hostile, "b") for s in ("pndm", "ddim")
    ]
    assert [row["prompt"] for row in table()] == [c["request"]["prompt"] for c in values["cells"]]
    assert not any("passwd" in path.name for path in Path("out").iterdir())
    assert "<b>" not in Path("out/index.html").read_text(encoding="utf-8")


def test_an_existing_folder_keeps_other_files_and_loses_an_older_grid(run):
    Path("out").mkdir()
    Path("out/notes.txt").write_text("mine")
    Path("out/01-mine.png").write_text("mine")
    for axis in ("seed=1,2,3", "seed=4,5"):
        assert run(*GRID, "--prompt", "a", "--axis", axis).status == 0
    assert Path("out/notes.txt").read_text() == "mine"
    assert {path.name for path in Path("out").glob("0*.png")} == {row["file"] for row in table()} | {"01-mine.png"}


@pytest.mark.parametrize(
    "arguments,word",
    [
        (("--prompt", "a"), "axis"),
        (("--prompt", "a", "--axis", "seed=1", "--axis", "steps=1", "--axis", "guidance=1"), "two axes"),
        (("--prompt", "a", "b", "--axis", "seed=1", "--axis", "steps=1"), "two axes"),
        (("--prompt", "a", "b", "--axis", "prompt=c,d"), "different things"),
        (("--prompt", "a", "--axis", "seed=0:1000000000"), "400"),
        (("--prompt", "a", "--axis", "steps=149:152"), "steps"),
        (("--prompt", "a", "--axis", "colour=red"), "guidance"),
        (("--prompt", "a", "--axis", "seed=1", "--out", "missing/out"), "missing"),
        (("--prompt", "a", "--axis", "seed=1", "--model", "nobody"), "nobody"),
    ],
)
def test_bad_input_gets_one_line_and_nothing_is_written(run, arguments, word):
    done = run(*GRID, *arguments)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1) and word in done.err
    assert list(Path().iterdir()) == []


def test_a_failure_while_writing_leaves_nothing(run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(grid_module, "cells_csv", full)
    done = run(*GRID, "--prompt", "a", "--axis", "seed=1")
    assert (done.status, done.out) == (2, "") and "No space left" in done.err
    assert list(Path().iterdir()) == []
