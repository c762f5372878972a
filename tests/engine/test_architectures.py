"""Models of other shapes than Stable Diffusion 1.x give, too, the images that plain diffusers gives."""

from __future__ import annotations

import json
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from asking import ask
from tiny_model import save_tiny_turbo, save_tiny_xl

from dashboard.engine import SCHEDULERS, Engine, ImageRequest, ModelRegistry, max_difference
from dashboard.engine.batch import advance
from dashboard.engine.denoising import Denoising
from dashboard.engine.models import resolve

MODELS = ("turbo", "xl", "xl-turbo")
COLOUR_TOLERANCE = 1  # of 255, as for 1.x
LATENT_TOLERANCE = 1e-4  # standard deviations of the latents


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("architectures")
    return {
        "turbo": save_tiny_turbo(root / "turbo"),
        "xl": save_tiny_xl(root / "xl"),
        "xl-turbo": save_tiny_xl(root / "xl-turbo", turbo=True, seed=1),
    }


@pytest.fixture(scope="module")
def models(folders) -> ModelRegistry:
    torch.set_num_threads(2)
    return ModelRegistry.build([f"{name}={folder}" for name, folder in folders.items()], device="cpu")


@pytest.fixture(scope="module")
def drawing(models):
    engine = Engine(models)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def pipes(folders) -> dict[str, diffusers.DiffusionPipeline]:
    loaded = {name: diffusers.DiffusionPipeline.from_pretrained(folder) for name, folder in folders.items()}
    for pipe in loaded.values():
        pipe.set_progress_bar_config(disable=True)
    return loaded


@pytest.fixture
def plain(pipes, folders):
    """`plain(request, output_type)`: the same image from plain diffusers."""

    def draw(request: ImageRequest, output_type: str = "pil"):
        pipe = pipes[request.model]
        info = SCHEDULERS[request.scheduler]
        pipe.scheduler = getattr(diffusers, info.class_name).from_pretrained(
            folders[request.model], subfolder="scheduler", **info.options
        )
        return pipe(
            request.prompt,
            negative_prompt=request.negative_prompt or None,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            height=request.height,
            width=request.width,
            generator=torch.Generator("cpu").manual_seed(request.seed),
            output_type=output_type,
        ).images[0]

    return draw


CASES = {
    "guided": {},
    "guidance off": {"guidance_scale": 0.0},
    "negative prompt": {"negative_prompt": "a red owl"},
    "wide": {"width": 48, "height": 32},
    "few steps": {"num_inference_steps": 2, "guidance_scale": 0.0},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("model", MODELS)
def test_same_image(drawing, plain, model, scheduler, case):
    request = ask(**{"model": model, "seed": 7, "num_inference_steps": 8, "scheduler": scheduler, **CASES[case]})
    ours = drawing.submit([request]).results()[0]
    assert max_difference(ours.array(), np.asarray(plain(request))) <= COLOUR_TOLERANCE


@pytest.mark.parametrize("model", MODELS)
def test_same_latents(models, plain, model):
    request = ask(model=model, seed=7, num_inference_steps=8, scheduler="euler")
    image = Denoising(resolve(request, models.info(model)), models.get(model))
    while not image.done:
        assert advance([image]) == {}
    expected = plain(request, "latent")
    assert (image.latents[0] - expected).abs().max() <= LATENT_TOLERANCE * expected.std()


def test_the_cases_differ_from_each_other(drawing):
    requests = [ask(**{"model": "xl", "seed": 7, **changes}) for changes in CASES.values()]
    assert len({result.sha256 for result in drawing.submit(requests).results()}) == len(CASES)


def test_a_sweep_of_an_xl_model_is_one_batch_and_each_image_is_its_own(drawing, ticks):
    requests = [
        ask("an owl", model="xl", seed=1, num_inference_steps=2),
        ask("a red poodle", model="xl", seed=2, num_inference_steps=5, scheduler="heun", guidance_scale=0.0),
        ask("a sketch", model="xl", seed=3, num_inference_steps=3, negative_prompt="blue", scheduler="ddim"),
    ]
    together = drawing.submit(requests).results()
    assert [request.seed for request in ticks.requests[0]] == [1, 2, 3]
    alone = [drawing.submit([request]).results()[0] for request in requests]
    assert [result.sha256 for result in together] == [result.sha256 for result in alone]


def test_models_of_all_shapes_at_once(drawing):
    requests = [ask(model=model, seed=seed) for seed in range(2) for model in MODELS]
    results = drawing.submit(requests).results()
    assert [result.model_id for result in results] == [request.model for request in requests]
    assert len({result.sha256 for result in results}) == len(requests)


def test_the_size_asked_for_is_one_of_an_xl_models_inputs(models):
    networks = models.get("xl").networks("float32")
    reading = networks.read("an owl")
    added = networks.added(reading, 32, 48)
    assert added.shape == (1, reading.pooled.shape[1] + 6)
    assert added[0, -6:].tolist() == [32, 48, 0, 0, 32, 48]
    assert networks.added(models.get("turbo").networks("float32").read("an owl"), 32, 48) is None


def test_an_empty_negative_prompt_is_zeros_where_the_model_says_so(folders, models, tmp_path):
    networks = models.get("xl").networks("float32")
    assert networks.read("", unconditional=True).text.abs().max() == 0
    assert networks.read("").text.abs().max() > 0
    assert networks.read("a red owl", unconditional=True).text.abs().max() > 0


def test_a_model_that_says_otherwise_reads_the_empty_text(folders, tmp_path):
    import shutil

    folder = shutil.copytree(folders["xl"], tmp_path / "xl")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"force_zeros_for_empty_prompt": False}))
    networks = ModelRegistry.build([f"xl={folder}"], device="cpu").get("xl").networks("float32")
    assert networks.read("", unconditional=True).text.abs().max() > 0


def test_half_precision_decodes_an_xl_model_in_full(folders):
    """XL's VAE overflows in float16; its config says so, and diffusers decodes it in float32."""
    models = ModelRegistry.build([f"xl={folders['xl']}"], device="cpu", dtype="float16")
    assert models.info("xl").dtype == "float16"
    networks = models.get("xl").networks("float16")
    assert (networks.unet.dtype, networks.vae.dtype) == (torch.float16, torch.float32)


@pytest.mark.parametrize("part", ["text_encoder_2", "unet"])
def test_an_xl_folder_with_another_part_is_refused(folders, tmp_path, part):
    import shutil

    folder = shutil.copytree(folders["xl"], tmp_path / "xl")
    if part == "unet":
        config = json.loads((folder / "unet/config.json").read_text())
        (folder / "unet/config.json").write_text(json.dumps(config | {"addition_embed_type": None}))
    else:
        index = json.loads((folder / "model_index.json").read_text())
        (folder / "model_index.json").write_text(json.dumps(index | {part: ["os", "system"]}))
    info = ModelRegistry.build([f"xl={folder}"], device="cpu").info("xl")
    assert not info.available and "Stable Diffusion XL" in info.reason


def test_the_parts_of_an_xl_model(models):
    anatomy = models.anatomy("xl")
    assert [part.name for part in anatomy.parts][:3] == ["tokenizer", "text_encoder", "text_encoder_2"]
    assert anatomy.pass_gflop > 0


def test_what_is_known_of_them_without_loading(models):
    assert models.info("xl").pipeline == "StableDiffusionXLPipeline"
    assert models.info("turbo").pipeline == "StableDiffusionPipeline"
    assert [models.info(name).native_size for name in MODELS] == [32, 32, 32]
