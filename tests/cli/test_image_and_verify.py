"""`image` and `verify`, from the typed line to the file and back."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dashboard.cli import commands
from dashboard.engine import ImageRequest, JobCancelled
from dashboard.export import read_pixels, read_receipt

IMAGE = ("image", "--model", "tiny", "--prompt", "a poodle", "--steps", "2")


def hash_of(file: str) -> str:
    return hashlib.sha256(read_pixels(Path(file).read_bytes()).tobytes()).hexdigest()


def test_image_prints_the_hash_of_its_pixels(run):
    done = run(*IMAGE, "--seed", "42", "--guidance", "3", "--scheduler", "ddim", "--negative", "fog", "--out", "a.png")
    assert (done.status, done.err) == (0, "")
    assert done.out == hash_of("a.png") + "\n"
    assert read_receipt(Path("a.png").read_bytes()).request == ImageRequest(
        model="tiny",
        prompt="a poodle",
        negative_prompt="fog",
        seed=42,
        num_inference_steps=2,
        guidance_scale=3,
        scheduler="ddim",
    )
    assert [path.name for path in Path().iterdir()] == ["a.png"]


def test_image_as_json_and_nothing_else(run):
    done = run(*IMAGE, "--json", "--out", "a.png")
    values = json.loads(done.out)
    assert set(values) == {"sha256", "file", "seconds", "request"}
    assert (values["sha256"], values["file"]) == (hash_of("a.png"), "a.png")
    assert values["seconds"] > 0
    assert ImageRequest.from_dict(values["request"]).prompt == "a poodle"


def test_one_hash_with_and_without_the_memo(run):
    lines = [run(*IMAGE, "--out", "a.png", *extra).out for extra in ((), (), ("--no-memo",))]
    assert len(set(lines)) == 1
    files = []
    for extra in ((), ("--no-memo",)):
        run(*IMAGE, "--out", "a.png", *extra)
        files.append(Path("a.png").read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize(
    "changes,word",
    [
        (("--steps", "0"), "steps"),
        (("--steps", "1000000000"), "steps"),
        (("--steps", "two"), "steps"),
        (("--guidance", "nan"), "guidance"),
        (("--guidance", "31"), "guidance"),
        (("--seed", "-1"), "seed"),
        (("--seed", "9" * 5000), "seed"),
        (("--scheduler", "magic"), "scheduler"),
        (("--prompt", "x" * 2001), "prompt"),
        (("--prompt", "\udcff"), "prompt"),
        (("--model", "nobody"), "nobody"),
        (("--out", "missing/a.png"), "missing"),
        (("--out", "a.gif"), ".png"),
        (("--out", "."), ".png"),
        (("--colour", "red"), "colour"),
    ],
)
def test_bad_input_gets_one_line_and_nothing_is_written(run, changes, word):
    done = run(*IMAGE, "--out", "a.png", *changes)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1 and word in done.err and len(done.err) < 400
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [(), ("magic",), ("image",), ("image", "--prompt"), ("verify",), ("grid", "--prompt")]
)
def test_incomplete_commands_get_one_line(run, arguments):
    done = run(*arguments)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)


def test_a_full_disk_is_never_a_false_saved(run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(commands, "write_file", full)
    done = run(*IMAGE, "--out", "a.png")
    assert (done.status, done.out) == (2, "") and "No space left" in done.err


@pytest.mark.parametrize(
    "error,status", [(KeyboardInterrupt(), 130), (JobCancelled("Cancelled."), 2), (ZeroDivisionError("x"), 70)]
)
def test_never_a_traceback(run, monkeypatch, error, status):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(commands, "draw", fail)
    done = run(*IMAGE, "--out", "a.png")
    assert (done.status, done.out) == (status, "")
    assert "Traceback" not in done.err and done.err.count("\n") == (0 if status == 130 else 1)
    assert list(Path().iterdir()) == []


def test_verify_identical(run):
    run(*IMAGE, "--out", "a.png")
    done = run("verify", "a.png")
    assert (done.status, done.err) == (0, "") and done.out.startswith("Identical")
    values = json.loads(run("verify", "a.png", "--json").out)
    assert (values["verdict"], values["max_difference"], values["edited"], values["differences"]) == (
        "identical",
        0,
        False,
        [],
    )


@pytest.mark.parametrize("by,status,verdict", [(3, 1, "close"), (90, 2, "different")])
def test_verify_edited(run, by, status, verdict):
    run(*IMAGE, "--out", "a.png")
    with Image.open("a.png") as image:
        texts, pixels = image.text, np.array(image)
    pixels[5, 5] = np.where(pixels[5, 5] < 128, pixels[5, 5] + by, pixels[5, 5] - by)
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    Image.fromarray(pixels).save("b.png", pnginfo=info)
    done = run("verify", "b.png", "--json")
    values = json.loads(done.out)
    assert (done.status, values["verdict"], values["max_difference"], values["edited"]) == (status, verdict, by, True)


def test_verify_names_what_changed(run):
    run(*IMAGE, "--out", "a.png")
    data = Path("a.png").read_bytes()
    with Image.open("a.png") as image:
        text = image.text["diffusion-dashboard"].replace('"device": "cpu"', '"device": "cuda"')
        info = PngInfo()
        info.add_text("diffusion-dashboard", text)
        image.save("b.png", pnginfo=info)
    assert data == Path("a.png").read_bytes()
    done = run("verify", "b.png")
    assert (done.status, done.out) == (
        0,
        "Identical: every pixel is the same. Not as it was: device was cuda, here cpu.\n",
    )


def test_verify_what_is_no_receipt(run, tmp_path):
    Image.new("RGB", (8, 8)).save("plain.png")
    Path("words.png").write_text("words")
    for name, word in [
        ("plain.png", "no receipt"),
        ("words.png", "not a PNG"),
        ("none.png", "cannot be read"),
        (".", "cannot be read"),
    ]:
        done = run("verify", name)
        assert (done.status, done.out, done.err.count("\n")) == (2, "", 1) and word in done.err


def test_verify_a_model_that_is_not_here(run):
    run(*IMAGE, "--out", "a.png")
    with Image.open("a.png") as image:
        info = PngInfo()
        info.add_text(
            "diffusion-dashboard", image.text["diffusion-dashboard"].replace('"model": "tiny"', '"model": "gone"')
        )
        image.save("b.png", pnginfo=info)
    done = run("verify", "b.png")
    assert (done.status, done.out) == (2, "") and "gone" in done.err
    assert run("verify", "b.png", "--model", "tiny").status == 0
