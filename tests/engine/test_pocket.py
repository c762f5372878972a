"""The promise that matters most, on the model that ships: an image does not depend on its company."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline

from dashboard.course import load_course
from dashboard.engine import Engine, ImageRequest, Latents, ModelRegistry, initial_noise, max_difference, probes, slerp
from dashboard.engine.catalogue import CATALOGUE, POCKET_FAST
from dashboard.pocket import FAST_FILE, WEIGHTS_FOLDER
from dashboard.pocket.train.low_rank import add_changes
from dashboard.ui.distances import relative_distance


@pytest.fixture(scope="module")
def pocket() -> ModelRegistry:
    return ModelRegistry.build([], device="cpu")


def test_an_image_of_pocket_is_the_same_alone_and_in_any_grid(
    make_engine: Callable[..., Engine], pocket: ModelRegistry
) -> None:
    engine = make_engine(pocket)
    request = ImageRequest(prompt="a red car in the city", seed=3, num_inference_steps=4, scheduler="ddim")
    alone = engine.submit([request]).results(120)[0].sha256
    for size in (4, 6, 12):
        grid = [
            request.replace(seed=seed, guidance_scale=1.0 if seed % 3 == 1 else 5.0) for seed in range(100, 99 + size)
        ]
        together = engine.submit([*grid[:2], request, *grid[2:]]).results(120)
        assert together[2].sha256 == alone, f"differs in a grid of {size}"
        assert len({result.sha256 for result in together}) == size


def test_what_the_steps_lesson_says_of_pocket_holds(make_engine: Callable[..., Engine], pocket: ModelRegistry) -> None:
    """Long runs without fresh noise end in one image; DDIM and Euler are one method; one step is a mess."""
    base = ImageRequest(prompt="a photo of a panda in the forest", seed=3)
    asked = [
        *(base.replace(scheduler=key, num_inference_steps=40) for key in ("dpm++2m", "ddim", "euler", "unipc")),
        base.replace(scheduler="euler-ancestral", num_inference_steps=40),
        base.replace(scheduler="ddim", num_inference_steps=20),
        base.replace(scheduler="ddim", num_inference_steps=1),
    ]
    images = [result.array() for result in make_engine(pocket).submit(asked).results(300)]
    long_run, ddim, euler, unipc, ancestral, shorter, one = images
    assert max(relative_distance(long_run, image) for image in (ddim, euler, unipc)) < 0.05
    assert relative_distance(ddim, euler) < 0.02
    assert relative_distance(ddim, shorter) < 0.1, "past the knee"
    assert relative_distance(long_run, ancestral) > 0.15
    assert relative_distance(long_run, one) > 0.7


def test_pndm_overshoots_with_few_steps_and_strong_guidance_as_the_steps_lesson_says(
    make_engine: Callable[..., Engine], pocket: ModelRegistry
) -> None:
    lesson = load_course().lessons["steps"]
    values = lesson.experiments["schedulers"]
    assert "guidance 2, or add 33 evaluations" in lesson.section("schedulers").body
    strong = ImageRequest(prompt=str(values["prompt"]), seed=0, guidance_scale=float(values["guidance_scale"]))
    weak = strong.replace(guidance_scale=2.0)
    asked = [
        *(request.replace(scheduler="dpm++2m", num_inference_steps=40) for request in (strong, weak)),
        *(strong.replace(scheduler="pndm", num_inference_steps=steps) for steps in (16, 32)),  # 17 and 33 evaluations
        weak.replace(scheduler="pndm", num_inference_steps=16),
    ]
    long_run, long_weak, few, more, gentle = (r.array() for r in make_engine(pocket).submit(asked).results(300))
    assert relative_distance(long_run, few) > 0.4, "it falls apart"
    assert max(relative_distance(long_run, more), relative_distance(long_weak, gentle)) < 0.15, "it is well again"


def test_pocket_mostly_makes_up_for_weak_noise_as_the_seeds_lesson_says(
    make_engine: Callable[..., Engine], pocket: ModelRegistry
) -> None:
    values = load_course().lessons["seeds"].experiments["strip"]
    ends = [initial_noise(int(str(values[name])), (1, 4, 16, 16)) for name in ("first_seed", "last_seed")]
    middles = [slerp(*ends, 0.5), (ends[0] + ends[1]) / 2]
    base = ImageRequest(prompt=str(values["prompt"]))
    asked = [base.replace(latents=Latents.from_tensor(noise)) for noise in (*ends, *middles)]
    first, last, arc, line = (result.array() for result in make_engine(pocket).submit(asked).results(300))
    assert relative_distance(arc, line) < relative_distance(first, last) / 2
    assert line.std() == pytest.approx(arc.std(), rel=0.1), "not paler"


def test_what_the_guidance_lesson_says_of_pocket_holds(
    make_engine: Callable[..., Engine], pocket: ModelRegistry
) -> None:
    """w = 1 and below is one image and half the work; a negative prompt takes the empty one's place."""
    base = ImageRequest(prompt="a photo of a castle at night", seed=3, num_inference_steps=4)
    low = [base.replace(guidance_scale=w) for w in (0.0, 0.5, 1.0)]
    without = base.replace(guidance_scale=1.0, negative_prompt="a red fox")
    negative = base.replace(negative_prompt="a red fox")
    results = make_engine(pocket).submit([*low, without, base, negative], traced=True).results(300)
    assert len({result.sha256 for result in results[:4]}) == 1, "a negative prompt too does nothing at w = 1"
    assert [result.evaluations for result in results] == [4, 4, 4, 4, 8, 8]
    plain, other = (result.trace.steps[0] for result in results[4:] if result.trace is not None)
    assert torch.equal(plain.conditional, other.conditional)
    assert plain.unconditional is not None and not torch.equal(plain.unconditional, other.unconditional)


def test_the_difference_of_the_two_predictions_has_shape_and_they_look_like_noise(
    make_engine: Callable[..., Engine], pocket: ModelRegistry
) -> None:
    request = ImageRequest(prompt="a photo of a castle at night", seed=3, num_inference_steps=10)
    (result,) = make_engine(pocket).submit([request], traced=True).results(300)
    assert result.trace is not None
    parts = probes.guidance_parts(result.trace.steps[1])  # early, while the large shapes are decided
    assert neighbours_agree(parts.difference) > 0.3 > abs(neighbours_agree(parts.conditional))


def test_pocket_fast_draws_what_plain_diffusers_draws_with_its_lora(
    make_engine: Callable[..., Engine], pocket: ModelRegistry
) -> None:
    """The LoRA over Pocket's weights, DDIM with trailing timesteps, no guidance."""
    about = CATALOGUE[POCKET_FAST]
    request = ImageRequest(
        prompt="a photo of a panda in the forest",
        seed=3,
        model=POCKET_FAST,
        num_inference_steps=about.default_steps,
        guidance_scale=about.default_guidance_scale,
        scheduler=about.default_scheduler,
    )
    (result,) = make_engine(pocket).submit([request]).results(300)
    pipe = StableDiffusionPipeline.from_pretrained(WEIGHTS_FOLDER)
    add_changes(pipe.unet, FAST_FILE)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config, timestep_spacing="trailing")
    image = pipe(
        request.prompt,
        generator=torch.Generator("cpu").manual_seed(request.seed),
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
    ).images[0]
    assert max_difference(result.array(), np.asarray(image)) <= 1
    assert result.evaluations == 4
    (usual,) = make_engine(pocket).submit([ImageRequest(prompt=request.prompt, seed=3)]).results(300)
    assert result.weights_sha256 != usual.weights_sha256 and result.model_name == "Pocket Fast"
    assert relative_distance(usual.array(), result.array()) < 0.5, "from one noise, nearly the same picture"


def test_pocket_fast_loads_as_its_card_says() -> None:
    pytest.importorskip("peft")
    pipe = StableDiffusionPipeline.from_pretrained(WEIGHTS_FOLDER)
    pipe.load_lora_weights(FAST_FILE.parent)
    words = torch.randn((1, 32, 160), generator=torch.Generator().manual_seed(0))
    latents = torch.randn((1, 4, 16, 16), generator=torch.Generator().manual_seed(1))
    plain = StableDiffusionPipeline.from_pretrained(WEIGHTS_FOLDER).unet
    add_changes(plain, FAST_FILE)
    with torch.no_grad():
        theirs, ours = (unet(latents, 499, words).sample for unet in (pipe.unet, plain))
    assert torch.allclose(theirs, ours, atol=1e-4)


def neighbours_agree(latents: torch.Tensor) -> float:
    """Correlation of each number with its right-hand neighbour: 0 for white noise, near 1 for smooth shapes."""
    left, right = latents[..., :-1].flatten(), latents[..., 1:].flatten()
    return float(torch.corrcoef(torch.stack([left, right]))[0, 1])
