"""Proof of correctness: plain diffusers, same weights, same noise, gives the same image, for every scheduler.

Tolerances: both sides compute in float32, but the engine's convolutions use packed weights and share calls with other
rows, so latents differ by rounding (1e-4 of a standard deviation at most after 11 steps) and a colour by 1 of 255.
"""

from __future__ import annotations

from functools import partial

import diffusers
import numpy as np
import pytest
import torch
from asking import ask

from dashboard.engine import SCHEDULERS, ImageRequest, Latents, initial_noise, max_difference
from dashboard.engine.batch import advance
from dashboard.engine.denoising import Denoising
from dashboard.engine.models import resolve

LATENT_TOLERANCE = 1e-4  # standard deviations of the latents
COLOUR_TOLERANCE = 1  # of 255
CASES = {
    "guidance": {},
    "no guidance": {"guidance_scale": 1.0},
    "guidance 0": {"guidance_scale": 0.0},
    "negative prompt": {"negative_prompt": "a red owl"},
    "direct latents": {"latents": Latents.from_tensor(initial_noise(99, (1, 4, 8, 8)))},
    "one step": {"num_inference_steps": 1},
    "three steps": {"num_inference_steps": 3},
    "wide": {"width": 48, "height": 32},
    "more words than fit": {"prompt": "a photo of a poodle on an astronaut " * 5},
}


def draw_plainly(pipe, tiny_folder, request: ImageRequest, output_type: str):
    """What diffusers' documentation says to write for this request."""
    info = SCHEDULERS[request.scheduler]
    pipe.scheduler = getattr(diffusers, info.class_name).from_pretrained(
        tiny_folder, subfolder="scheduler", **info.options
    )
    return pipe(
        request.prompt,
        negative_prompt=request.negative_prompt or None,
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
        height=request.height,
        width=request.width,
        generator=torch.Generator("cpu").manual_seed(request.seed),
        latents=request.latents.tensor() if request.latents else None,
        output_type=output_type,
    ).images[0]


@pytest.fixture
def plain(pipe, tiny_folder):
    """`plain(request, output_type)`: the same image from plain diffusers."""
    return partial(draw_plainly, pipe, tiny_folder)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_same_image(engine, plain, scheduler, case):
    request = ask(**{"seed": 7, "num_inference_steps": 10, "scheduler": scheduler, **CASES[case]})
    ours = engine.submit([request]).results()[0]
    assert max_difference(ours.array(), np.asarray(plain(request, "pil"))) <= COLOUR_TOLERANCE


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_same_latents(registry, plain, scheduler):
    request = ask(seed=7, num_inference_steps=10, scheduler=scheduler)
    image = Denoising(resolve(request, registry.info("tiny")), registry.get("tiny"))
    while not image.done:
        assert advance([image]) == {}
    expected = plain(request, "latent")
    assert (image.latents[0] - expected).abs().max() <= LATENT_TOLERANCE * expected.std()


def test_the_cases_differ_from_each_other(engine):
    """The comparisons above would prove nothing if the tiny model ignored what it is asked."""
    requests = [ask(**{"seed": 7, "num_inference_steps": 10, **changes}) for changes in CASES.values()]
    hashes = {result.sha256 for result in engine.submit(requests).results()}
    assert len(hashes) == len(CASES) - 1  # guidance 0 is guidance 1 to diffusers: no unconditional row


def test_a_sweep_over_everything_is_one_batch(engine, plain, ticks):
    """Other step counts, schedulers, guidance and prompts share U-Net calls, and each image is still its own."""
    requests = [
        ask(prompt, seed=seed, num_inference_steps=steps, scheduler=scheduler, guidance_scale=guidance)
        for prompt, seed, steps, scheduler, guidance in [
            ("an owl", 1, 2, "pndm", 7.5),
            ("a red poodle", 2, 9, "heun", 1.0),
            ("an astronaut", 3, 5, "euler-ancestral", 3.0),
            ("a blue owl", 4, 7, "unipc", 12.0),
            ("a sketch", 5, 4, "lms", 2.0),
        ]
    ]
    ours = engine.submit(requests).results()
    assert [request.seed for request in ticks.requests[0]] == [1, 2, 3, 4, 5]
    for request, result in zip(requests, ours, strict=True):
        assert max_difference(result.array(), np.asarray(plain(request, "pil"))) <= COLOUR_TOLERANCE


def test_what_a_result_says(engine):
    request = ask(seed=7, scheduler="heun", guidance_scale=3)
    result = engine.submit([request]).results()[0]
    assert result.request == request
    assert (result.width, result.height, len(result.rgb)) == (32, 32, 32 * 32 * 3)
    assert result.noise_sha256 == Latents.from_tensor(initial_noise(7, (1, 4, 8, 8))).sha256
    assert (result.steps_run, result.evaluations) == (7, 14)  # Heun: 2n - 1 steps; two rows each
    assert (result.model_id, result.dtype, result.device, result.from_memo) == ("tiny", "float32", "cpu", False)
    assert set(result.versions) == {"engine", "torch", "diffusers", "transformers"}
    assert result.scheduler_config["beta_schedule"] == "scaled_linear"
    assert result.seconds > 0
    assert result.image().size == (32, 32)
