"""One weighted sum for the steps of many images is what diffusers' schedulers do one image at a time."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from asking import ask

from dashboard.engine import SCHEDULERS, Engine, ModelRegistry, SchedulerShelf, max_difference
from dashboard.engine.linear_steps import LOOK_BACK, guide, read_table, step_together
from dashboard.engine.registry import POCKET_WEIGHTS

LINEAR = ["pndm", "ddim", "euler", "dpm++2m", "heun", "lms"]
TOLERANCE = 2e-5  # of the latents' standard deviation, after all steps
CONFIGS = {
    "as Stable Diffusion": {},
    "trailing, as turbo": {"timestep_spacing": "trailing"},
    "v prediction": {"prediction_type": "v_prediction"},
}


@pytest.fixture
def config(tiny_folder) -> dict:
    return json.loads((tiny_folder / "scheduler" / "scheduler_config.json").read_text())


def predict(latents: torch.Tensor, timestep: float) -> torch.Tensor:
    """Stands in for a U-Net: bounded, and no linear function."""
    return torch.tanh(latents * 0.7 + timestep / 1000) + 0.1 * torch.roll(latents, 1, -1).sin()


def fresh(shelf: SchedulerShelf, key: str, steps: int):
    scheduler = shelf.new(key)
    scheduler.set_timesteps(steps)
    return scheduler


def step_plainly(scheduler, latents: torch.Tensor) -> torch.Tensor:
    for timestep in scheduler.timesteps:
        prediction = predict(scheduler.scale_model_input(latents, timestep), float(timestep))
        latents = scheduler.step(prediction, timestep, latents, return_dict=False)[0]
    return latents


def step_by_table(table, latents: torch.Tensor) -> torch.Tensor:
    past = latents.new_zeros((1, 2 * LOOK_BACK - 2, *latents.shape[1:]))
    for index, timestep in enumerate(table.timesteps):
        prediction = predict(latents * table.scales[index], timestep)
        latents, past = step_together(latents, prediction, past, table.weights[index : index + 1])
    return latents


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 20, 50])
@pytest.mark.parametrize("changes", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("key", LINEAR)
def test_the_same_latents_as_diffusers(config, key, changes, steps):
    shelf = SchedulerShelf(config | changes)
    scheduler, table = fresh(shelf, key, steps), read_table(fresh(shelf, key, steps))
    start = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(1)) * scheduler.init_noise_sigma
    expected = step_plainly(copy.deepcopy(scheduler), start)
    assert table is not None and len(table.timesteps) == len(scheduler.timesteps)
    assert (step_by_table(table, start) - expected).abs().max() <= TOLERANCE * max(expected.std(), 1)


@pytest.mark.parametrize("key", LINEAR)
def test_pockets_own_config_is_linear(key):
    config = json.loads((POCKET_WEIGHTS / "scheduler" / "scheduler_config.json").read_text())
    assert SchedulerShelf(config).table(key, 20) is not None


def test_what_clips_is_not_linear_and_steps_by_itself(config):
    assert read_table(fresh(SchedulerShelf(config | {"clip_sample": True}), "ddim", 5)) is None
    assert read_table(fresh(SchedulerShelf(config | {"thresholding": True}), "dpm++2m", 5)) is None


def test_unipc_looks_back_to_its_first_step_and_steps_by_itself(config):
    assert read_table(fresh(SchedulerShelf(config), "unipc", 20)) is None


def test_what_looks_back_too_far_is_noticed(config):
    from diffusers import LMSDiscreteScheduler

    class LongMemory(LMSDiscreteScheduler):
        def step(self, model_output, timestep, sample, order=8, **rest):
            return super().step(model_output, timestep, sample, order=order, **rest)

    scheduler = LongMemory.from_config(config)
    scheduler.set_timesteps(12)
    assert read_table(scheduler) is None


def test_guidance_of_many_images_is_the_formula_for_each():
    generator = torch.Generator().manual_seed(2)
    pairs = [torch.randn((rows, 4, 8, 8), generator=generator) for rows in (2, 1, 2)]
    guided = guide(pairs, [7.5, 0.0, 3.0])
    for image, scale in ((0, 7.5), (2, 3.0)):
        unconditional, conditional = pairs[image].chunk(2)
        assert torch.equal(guided[image], (unconditional + scale * (conditional - unconditional))[0])
    assert torch.equal(guided[1], pairs[1][0])


def test_the_engine_draws_the_same_images_together(registry, tiny_folder, make_engine, ticks):
    """Every scheduler, other steps and guidance, in one batch: those with fresh noise step by themselves."""
    requests = [
        ask(seed=seed, scheduler=key, num_inference_steps=3 + seed, guidance_scale=[0.0, 7.5][seed % 2])
        for seed, key in enumerate(SCHEDULERS)
    ]
    expected = make_engine(max_rows=100).submit(requests).results(timeout=60)
    models = ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu", speed=["vector-steps"])
    together = make_engine(models, max_rows=100).submit(requests).results(timeout=60)
    for one, other in zip(expected, together, strict=True):
        assert max_difference(one.array(), other.array()) <= 1
        assert (one.steps_run, one.evaluations) == (other.steps_run, other.evaluations)
    assert together[0].versions["speed"] == "vector-steps" and "speed" not in expected[0].versions


def test_traced_images_step_by_themselves(tiny_folder, make_engine):
    models = ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu", speed=["vector-steps"])
    result = make_engine(models).submit([ask(scheduler="unipc")], traced=True).results(timeout=60)[0]
    assert len(result.trace.steps) == result.steps_run


def test_a_switch_is_part_of_what_the_memo_asks_for(tiny_folder, tmp_path):
    from dashboard.engine import Memo

    for speed in ([], ["vector-steps"]):
        models = ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu", speed=speed)
        engine = Engine(models, memo=Memo(tmp_path, max_bytes=1_000_000))
        assert not engine.submit([ask()]).results(timeout=60)[0].from_memo
        assert engine.submit([ask()]).results(timeout=60)[0].from_memo
        engine.close()
