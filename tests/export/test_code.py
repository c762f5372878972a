"""The script that we hand out draws the image that we showed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_model import save_tiny_xl

from dashboard.engine import SCHEDULERS, Engine, ImageRequest, Latents, ModelRegistry, max_difference
from dashboard.engine.catalogue import CATALOGUE, POCKET_FAST
from dashboard.export import Origin, diffusers_code, grid_code, notebook_json
from dashboard.export.names import credit
from dashboard.pocket import FAST_FILE, WEIGHTS_FOLDER

BASE = ImageRequest(prompt="a 'poodle' \"on\"\n{an} astronaut \\", negative_prompt="fog", seed=42, model="tiny")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def draw(tiny_engine):
    return lambda request: tiny_engine.submit([request], use_memo=False).results()[0].array()


def run_here(code: str) -> np.ndarray:
    names: dict = {}
    exec(compile(code.replace('image.save("image.png")', ""), "script", "exec"), names)
    return np.asarray(names["image"])


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler(tiny_folder, draw, scheduler):
    request = BASE.replace(scheduler=scheduler, num_inference_steps=7)
    assert max_difference(run_here(diffusers_code(request, str(tiny_folder))), draw(request)) <= 1


@pytest.mark.parametrize(
    "changes",
    [
        {"guidance_scale": 1.0},
        {"guidance_scale": 0.0},
        {"num_inference_steps": 1},
        {"seed": 2**63 - 1},
        {"prompt": "", "negative_prompt": ""},
        {"prompt": "word " * 400},
    ],
)
def test_settings(tiny_folder, draw, changes):
    request = BASE.replace(**{"num_inference_steps": 3, **changes})
    assert max_difference(run_here(diffusers_code(request, str(tiny_folder))), draw(request)) <= 1


def test_given_latents_and_sizes(tiny_folder, draw, tiny_engine):
    info = tiny_engine.models.info("tiny")
    shape = (1, info.latent_channels, info.latent_side, info.latent_side)
    request = BASE.replace(
        latents=Latents.from_tensor(torch.randn(shape)), num_inference_steps=3, scheduler="euler-ancestral"
    )
    assert max_difference(run_here(diffusers_code(request, str(tiny_folder))), draw(request)) <= 1
    wide = BASE.replace(width=info.native_size + info.size_multiple, num_inference_steps=2)
    code = diffusers_code(wide, str(tiny_folder))
    assert run_here(code).shape == (info.native_size, wide.width, 3)
    assert max_difference(run_here(code), draw(wide)) <= 1


def test_alone_in_a_process(tiny_folder, draw, tmp_path):
    request = BASE.replace(num_inference_steps=2)
    (tmp_path / "script.py").write_text(diffusers_code(request, str(tiny_folder)), encoding="utf-8")
    subprocess.run([sys.executable, "script.py"], cwd=tmp_path, check=True, capture_output=True)
    with Image.open(tmp_path / "image.png") as image:
        assert max_difference(np.asarray(image), draw(request)) <= 1


def test_pocket_comes_from_the_clone_and_others_from_their_place():
    assert "'dashboard/pocket/weights'" in diffusers_code(BASE.replace(model="pocket"))
    assert "'owner/name'" in diffusers_code(BASE.replace(model="owner/name"))
    assert "torch.bfloat16" in diffusers_code(BASE.replace(dtype="bfloat16"))


def varied(tiny_engine) -> list[ImageRequest]:
    """Requests that leave a script nothing to share: after PNDM, DDIM made from a patched config would differ."""
    shape = (1, 4, tiny_engine.models.info("tiny").latent_side, tiny_engine.models.info("tiny").latent_side)
    base = BASE.replace(num_inference_steps=3)
    return [
        base.replace(scheduler="pndm"),
        base.replace(scheduler="ddim", guidance_scale=2.5),
        base.replace(scheduler="euler-ancestral", seed=7),
        base.replace(scheduler="heun", latents=Latents.from_tensor(torch.randn(shape))),
        base.replace(scheduler="ddim", dtype="float32", prompt="an owl", num_inference_steps=5),
    ]


def test_pocket_fast_comes_with_its_lora_and_trailing_timesteps():
    request = ImageRequest(prompt="a cat", model=POCKET_FAST, scheduler=CATALOGUE[POCKET_FAST].default_scheduler)
    script, (setup, drawing) = diffusers_code(request), grid_code([request])
    for text in (script, setup):
        assert f"{WEIGHTS_FOLDER.relative_to(ROOT)}'" in text
        assert f"pipe.load_lora_weights('{FAST_FILE.parent.relative_to(ROOT)}')" in text
    assert "DDIMScheduler.from_config(pipe.scheduler.config, timestep_spacing='trailing')" in script
    assert "partial(DDIMScheduler.from_config, timestep_spacing='trailing')" in drawing
    assert "from functools import cache, partial" in setup
    assert credit(POCKET_FAST, "") == "Made with Pocket Fast, a small teaching model - not Stable Diffusion"


def test_a_grid_is_drawn_image_by_image(tiny_folder, draw, tiny_engine):
    requests = varied(tiny_engine)
    names: dict = {}
    exec("\n".join(grid_code(requests, str(tiny_folder))), names)
    for request, image in zip(requests, names["images"], strict=True):
        assert max_difference(np.asarray(image), draw(request)) <= 1


def test_a_notebook_runs_from_top_to_bottom(tiny_folder, draw, tiny_engine):
    requests = varied(tiny_engine)[:2]
    text = notebook_json(requests, ["one", "<two>"], heading="<b>Grid</b>\n", origin=str(tiny_folder))
    book = json.loads(text)
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    assert "<b>" not in book["cells"][0]["source"]
    shown: list = []
    exec("\n".join(c["source"] for c in book["cells"] if c["cell_type"] == "code"), {"display": shown.append})
    assert len(shown) == 2
    small = np.asarray(shown[0].resize((32, 32)))
    assert small.shape == draw(requests[0]).shape


def test_a_script_has_one_model():
    with pytest.raises(ValueError, match="one model"):
        grid_code([BASE, BASE.replace(model="other")])


# ---- other kinds of models


@pytest.mark.parametrize(
    "changes", [{}, {"negative_prompt": ""}, {"guidance_scale": 0.0, "scheduler": "euler-ancestral"}]
)
def test_an_xl_model(tmp_path, changes):
    folder = save_tiny_xl(tmp_path / "xl")
    models = ModelRegistry.build([f"xl={folder}"], device="cpu")
    request = BASE.replace(**{"model": "xl", "num_inference_steps": 3, **changes})
    engine = Engine(models)
    expected = engine.submit([request]).results(timeout=60)[0].array()
    engine.close()
    origin = Origin(source=str(folder), pipeline=models.info("xl").pipeline)
    assert max_difference(run_here(diffusers_code(request, origin)), expected) <= 1
    names: dict = {}
    exec("\n".join(grid_code([request], origin)), names)
    assert max_difference(np.asarray(names["images"][0]), expected) <= 1


def test_a_lora_is_loaded_before_the_scheduler_is_set():
    code = diffusers_code(BASE, Origin(source="a/b", lora="c/d"))
    assert code.index("pipe.load_lora_weights('c/d')") < code.index("pipe.scheduler =")
    assert "pipe.fuse_lora()" in "\n".join(grid_code([BASE], Origin(source="a/b", lora="c/d")))
    assert "lora" not in diffusers_code(BASE, "a/b")


def test_noise_of_the_device_says_so(tiny_folder):
    """On this processor the device is the processor, so the script draws what the CPU's noise gives."""
    request = BASE.replace(num_inference_steps=2, noise_device="model")
    code = diffusers_code(request, str(tiny_folder))
    assert "torch.Generator(device)" in code and 'torch.Generator("cpu")' not in code
    plain = run_here(diffusers_code(request.replace(noise_device="cpu"), str(tiny_folder)))
    if not torch.cuda.is_available():
        assert np.array_equal(run_here(code), plain)
    assert "torch.Generator(device)" in grid_code([request], "a/b")[0]
    with pytest.raises(ValueError, match="noise in one place"):
        grid_code([request, request.replace(noise_device="cpu")], "a/b")
