"""A traced run is an ordinary run that also tells what each step held; the mathematics is diffusers' own."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch
from asking import ask

from dashboard.engine import SCHEDULERS, ImageRequest, Memo, initial_noise
from dashboard.engine.denoising import Denoising
from dashboard.engine.models import resolve
from dashboard.engine.schedulers import SchedulerShelf, mixture
from dashboard.engine.traces import MAX_TRACED_BYTES, as_noise, check_traced_bytes

TOLERANCE = 2e-5  # of the largest value: two orders of the same float32 operations


def traced(engine, **changes):
    """One image of the tiny model, and its trace."""
    result = engine.submit([ask(**changes)], traced=True).results()[0]
    assert result.trace is not None
    return result, result.trace


def near(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a - b).abs().max() <= TOLERANCE * b.abs().max())


@pytest.mark.parametrize("guidance", [7.5, 1.0])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_image_is_the_ordinary_one(engine, scheduler, guidance):
    plain = engine.submit([ask(seed=5, scheduler=scheduler, guidance_scale=guidance)]).results()[0]
    result, trace = traced(engine, seed=5, scheduler=scheduler, guidance_scale=guidance)
    assert plain.trace is None
    assert result.sha256 == plain.sha256
    assert len(trace.steps) == result.steps_run
    assert [step.step for step in trace.steps] == list(range(result.steps_run))
    assert all((step.unconditional is None) == (guidance == 1.0) for step in trace.steps)
    timesteps = [step.timestep for step in trace.steps]
    assert timesteps == sorted(timesteps, reverse=True) and 0 <= timesteps[-1] < timesteps[0] <= 999


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_stepping_through_the_trace_again_gives_its_own_latents(engine, registry, scheduler):
    """Each step's latents and noise, given to a fresh scheduler, lead to the next step's latents, bit for bit."""
    _, trace = traced(engine, seed=5, scheduler=scheduler)
    again = registry.get("tiny").schedulers.new(scheduler)
    again.set_timesteps(4)
    generator = torch.Generator().manual_seed(5)
    torch.randn((1, 4, 8, 8), generator=generator)
    extra = {"generator": generator} if SCHEDULERS[scheduler].stochastic else {}
    following = [step.latents for step in trace.steps[1:]] + [trace.latents]
    for step, after in zip(trace.steps, following, strict=True):
        timestep = again.timesteps[step.step]
        assert torch.equal(again.step(step.noise, timestep, step.latents, return_dict=False, **extra)[0], after)


@pytest.mark.parametrize("scheduler", ["ddim", "euler", "euler-ancestral", "heun", "lms"])
def test_the_predicted_original_is_the_schedulers_own(engine, registry, scheduler):
    _, trace = traced(engine, seed=5, scheduler=scheduler)
    again = registry.get("tiny").schedulers.new(scheduler)
    again.set_timesteps(4)
    compared = 0
    for step in trace.steps:
        answer = again.step(step.noise, again.timesteps[step.step], step.latents)
        if hasattr(answer, "pred_original_sample"):
            assert near(step.predicted_original, answer.pred_original_sample)
            compared += 1
    assert compared == len(trace.steps)


@pytest.mark.parametrize("scheduler", ["dpm++2m", "unipc"])
def test_the_predicted_original_is_what_the_multistep_solvers_work_with(engine, registry, scheduler):
    _, trace = traced(engine, seed=5, scheduler=scheduler)
    again = registry.get("tiny").schedulers.new(scheduler)
    again.set_timesteps(4)
    for step in trace.steps:
        again._step_index = step.step
        assert near(step.predicted_original, again.convert_model_output(step.noise, sample=step.latents))


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_latents_are_the_mixture_of_guess_and_noise(engine, scheduler):
    _, trace = traced(engine, seed=5, scheduler=scheduler)
    for step in trace.steps:
        mixed = step.signal_scale * step.predicted_original + step.noise_scale * step.noise
        assert near(mixed, step.latents)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_scales_are_the_training_schedules(tiny_folder, scheduler):
    """Whatever its convention, a scheduler's share of signal at a timestep is alphas_cumprod there."""
    config = json.loads((tiny_folder / "scheduler" / "scheduler_config.json").read_text())
    made = SchedulerShelf(config).new(scheduler)
    made.set_timesteps(7)
    for index, timestep in enumerate(made.timesteps):
        signal, noise = mixture(scheduler, made, index)
        expected = float(made.alphas_cumprod[int(timestep)])
        assert signal**2 / (signal**2 + noise**2) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_unit_latents_are_what_the_unet_reads(registry, scheduler):
    request = resolve(ask(seed=5, scheduler=scheduler), registry.info("tiny"))
    image = Denoising(request, registry.get("tiny"), traced=True)
    rows = image.rows()
    step = image._look(torch.zeros_like(rows.samples))
    assert near(step.unit_latents, rows.samples[:1])


@pytest.mark.parametrize("scheduler", ["ddim", "euler", "heun"])
def test_a_velocity_becomes_the_noise_it_stands_for(tiny_folder, scheduler):
    """A model that predicts velocity: our noise implies the clean latents that diffusers computes from the velocity."""
    config = json.loads((tiny_folder / "scheduler" / "scheduler_config.json").read_text())
    made = SchedulerShelf(config | {"prediction_type": "v_prediction"}).new(scheduler)
    made.set_timesteps(6)
    latents, velocity = initial_noise(1, (1, 4, 8, 8)), initial_noise(2, (1, 4, 8, 8))
    for index in (0, 1) if scheduler == "heun" else (0, 3):  # heun only steps in order
        if scheduler != "heun":
            made._step_index = index
        signal, noise = mixture(scheduler, made, index)
        guess = (latents - noise * as_noise(velocity, latents, signal, noise, "v_prediction")) / signal
        assert near(guess, made.step(velocity, made.timesteps[index], latents).pred_original_sample)


def test_other_guidance_recombines_the_stored_pair(engine):
    _, trace = traced(engine, seed=5, guidance_scale=6.0, num_inference_steps=1, scheduler="ddim")
    _, other = traced(engine, seed=5, guidance_scale=3.0, num_inference_steps=1, scheduler="ddim")
    step = trace.steps[0]
    assert torch.equal(step.with_guidance(3.0).noise, other.steps[0].noise)
    assert torch.equal(step.with_guidance(3.0).predicted_original, other.steps[0].predicted_original)
    assert near(step.with_guidance(1.0).noise, step.conditional)
    assert torch.equal(step.with_guidance(0.0).noise, step.unconditional)
    _, unguided = traced(engine, guidance_scale=1.0)
    with pytest.raises(ValueError, match="no guidance"):
        unguided.steps[0].with_guidance(2.0)


def test_traced_images_are_computed_anew_and_not_remembered(make_engine, tmp_path, ticks):
    engine = make_engine(memo=Memo(tmp_path, max_bytes=10_000_000))
    engine.submit([ask()]).results()
    rows = ticks.rows
    result, _ = traced(engine)
    assert not result.from_memo and ticks.rows == 2 * rows
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert engine.submit([ask()]).results()[0].trace is None


def test_a_trace_is_no_part_of_what_an_image_is(engine, tmp_path):
    result, _ = traced(engine)
    assert result == replace(result, trace=None)
    assert "trace" not in repr(result)
    memo = Memo(tmp_path, max_bytes=1_000_000)
    memo.put("ab12", result)
    assert memo.get("ab12").trace is None


def test_two_traces_of_one_request_are_two_computations(engine, ticks):
    ticks.hold()
    jobs = [engine.submit([ask()], traced=True, learner=name) for name in "ab"]
    ticks.go.set()
    first, second = (job.results()[0].trace for job in jobs)
    assert first is not second
    assert torch.equal(first.latents, second.latents)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_bound_on_memory_is_what_a_trace_takes(engine, scheduler):
    """What is refused beforehand is counted as what is really kept, up to one step."""
    result, trace = traced(engine, scheduler=scheduler)
    one_step = 3 * 4 * 4 * 8 * 8
    tensors = [t for s in trace.steps for t in (s.latents, s.unconditional, s.conditional)] + [trace.latents]
    assert trace.nbytes == sum(t.untyped_storage().nbytes() for t in tensors)  # and nothing else is held
    assert result.nbytes == len(result.rgb) + trace.nbytes
    shape = (1, 4, 8, 8)
    fits = MAX_TRACED_BYTES // (trace.nbytes + 2 * one_step)
    check_traced_bytes([ask(scheduler=scheduler)] * fits, [shape] * fits)
    many = math.ceil(MAX_TRACED_BYTES / (trace.nbytes - 2 * one_step))
    with pytest.raises(ValueError, match=r"64 MB is the most.*\.$"):
        check_traced_bytes([ask(scheduler=scheduler)] * many, [shape] * many)


def test_stable_diffusions_longest_run_fits_and_eight_do_not():
    request = ImageRequest(prompt="", num_inference_steps=150, scheduler="ddim")
    check_traced_bytes([request] * 2, [(1, 4, 64, 64)] * 2)
    with pytest.raises(ValueError, match="fewer images or steps"):
        check_traced_bytes([request] * 8, [(1, 4, 64, 64)] * 8)


def test_too_large_a_traced_job_is_refused_at_once(engine, monkeypatch):
    monkeypatch.setattr("dashboard.engine.traces.MAX_TRACED_BYTES", 10_000)
    with pytest.raises(ValueError, match="fewer images or steps"):
        engine.submit([ask()], traced=True)
