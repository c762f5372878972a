"""The side-by-side benchmark: the engine against the course's loop, plain diffusers, one image at a time.

Both sides have the same weights, scheduler, initial latents, threads and device, run without gradients, are warmed
first and take turns (loop, engine, loop, engine, ...), so that a busy machine slows both. The memo is off, but where
it is what is measured.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils import logging as diffusers_logging

from dashboard.engine import SCHEDULERS, Engine, ImageRequest, build_engine, max_difference, mean_abs_difference
from dashboard.engine.versions import versions
from dashboard.machine import describe
from dashboard.settings import Settings

PROMPT = "a photo of a poodle on an astronaut"
SEED = 6421725739674010
PROMPTS = (
    PROMPT,
    "a photograph of an astronaut riding a horse",
    "a pencil sketch of an owl",
    "a tiny red dragon",
    "a cat",
)
LEARNERS = 300
WARMING = 8  # images: enough for the engine to meet the batch sizes of the runs
Pixels = list[np.ndarray]  # (H, W, 3) uint8 each


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """One comparison. The two dtypes are equal unless the name says otherwise."""

    name: str
    requests: tuple[ImageRequest, ...]
    naive_dtype: str = "float32"


def sweeps(model: str, *, quick: bool) -> tuple[Sweep, ...]:
    """What is compared. Every guidance is above 1, so that neither side may skip the unconditional row."""
    base = ImageRequest(
        prompt=PROMPT, seed=SEED, model=model, scheduler="pndm", dtype="float32"
    )  # as the course's loop
    guidances = tuple(base.replace(guidance_scale=1.5 + 0.5 * i) for i in range(24))
    guidance = Sweep(name="guidance-24x20-f32", requests=guidances)
    if quick:
        return (guidance,)
    bf16 = tuple(request.replace(dtype="bfloat16") for request in guidances)
    steps = tuple(base.replace(num_inference_steps=n) for n in range(1, 97, 5))
    prompts = tuple(base.replace(prompt=prompt, seed=seed) for prompt in PROMPTS for seed in range(4))
    return (
        guidance,
        Sweep(name="steps-1..96-f32", requests=steps),
        Sweep(name="prompts-5x4-f32", requests=prompts),
        Sweep(name="guidance-24x20-bf16", requests=bf16, naive_dtype="bfloat16"),
        Sweep(name="guidance-24x20-bf16-against-f32", requests=bf16),
    )


def run(model: str, *, quick: bool, rounds: int = 5, note: Callable[[str], None]) -> dict[str, Any]:
    """Run the benchmark; JSON-able. `note` is told in a few words what is happening, and "" at the end.

    Raises what `Engine.submit` and `Job.results` raise.
    """
    rounds = min(rounds, 3) if quick else rounds
    torch.set_num_threads(Settings.load().threads)  # of this thread, which runs the loop; the engine's has its own
    with fresh_engine(Settings.load()) as engine:
        info = engine.models.info(model)
        results = [
            compare_sides(engine, _pipeline(info.source, info.device, sweep.naive_dtype), sweep, rounds, note)
            for sweep in sweeps(model, quick=quick)
        ]
        if not quick:
            results.append(memo_effect(engine, sweeps(model, quick=True)[0].requests, note))
    note("")
    return {
        "machine": machine(info.device),
        "model": model,
        "versions": versions(info.speed),
        "results": [{**result, "speed": list(info.speed)} for result in results],
    }


def machine(device: str) -> dict[str, Any]:
    """What it was measured on."""
    return asdict(describe(device, threads=torch.get_num_threads(), folder=Settings.load().data_dir))


def as_text(report: dict[str, Any]) -> str:
    """The report as a table for people."""
    lines = [f"{'':40}{'loop':>9}{'engine':>9}{'ratio':>8}{'max diff':>10}"]
    for result in report["results"]:
        difference = f"{result['max_difference']} / 255"
        times = f"{result['naive_s']:8.2f}s{result['ours_s']:8.2f}s{result['ratio']:7.2f}x"
        name = f"{result['name']}{' fast' if result.get('speed') else ''}"
        share = f"{result['share_of_ceiling']:9.1%} of the ceiling" if "share_of_ceiling" in result else ""
        lines.append(f"{name:40}{times}{difference:>10}{share}")
    return "\n".join(lines)


@contextmanager
def fresh_engine(settings: Settings) -> Iterator[Engine]:
    """An engine with these settings and an empty memo."""
    with tempfile.TemporaryDirectory() as folder:
        engine = build_engine(replace(settings, data_dir=Path(folder)))
        try:
            yield engine
        finally:
            engine.close()


def compare_sides(
    engine: Engine, pipe: StableDiffusionPipeline, sweep: Sweep, rounds: int, note: Callable[[str], None]
) -> dict[str, Any]:
    """Time the loop and the engine in turns; JSON-able, seconds."""
    rows: list[int] = []

    def batched(requests: Sequence[ImageRequest]) -> Pixels:
        results = engine.submit(requests, use_memo=False).results()
        rows[:] = [result.evaluations for result in results]
        return [result.array() for result in results]

    sides: dict[str, Callable[[Sequence[ImageRequest]], Pixels]] = {
        "naive": partial(_loop, pipe, pipe.scheduler.config),
        "ours": batched,
    }
    warming: dict[str, float] = {}
    memory: dict[str, int | None] = {}
    for side, draw in sides.items():
        note(f"{sweep.name}: warming {side}")
        start = time.perf_counter()
        draw(sweep.requests[:WARMING])
        warming[side] = time.perf_counter() - start
    seconds: dict[str, list[float]] = {"naive": [], "ours": []}
    pixels: dict[str, Pixels] = {}
    for turn in range(1, rounds + 1):
        for side, draw in sides.items():
            note(f"{sweep.name}: {side}, run {turn} of {rounds}")
            _forget_peak()
            start = time.perf_counter()
            pixels[side] = draw(sweep.requests)
            seconds[side].append(time.perf_counter() - start)
            memory[side] = _peak_bytes()
    naive, ours = (statistics.median(seconds[side]) for side in ("naive", "ours"))
    pairs = list(zip(pixels["naive"], pixels["ours"], strict=True))
    return {
        "name": sweep.name,
        "images": len(sweep.requests),
        "naive_s": round(naive, 4),
        "ours_s": round(ours, 4),
        "ratio": round(naive / ours, 3),
        "max_difference": max(max_difference(a, b) for a, b in pairs),  # of 255
        "mean_difference": round(statistics.mean(mean_abs_difference(a, b) for a, b in pairs), 6),  # of 255
        "unet_rows": sum(rows),
        "naive_warm_s": round(warming["naive"], 4),  # the first images, loading and compiling included
        "ours_warm_s": round(warming["ours"], 4),
        "naive_peak_bytes": memory["naive"],  # of a graphics card; of the whole process so far without one
        "ours_peak_bytes": memory["ours"],
        "naive_dtype": sweep.naive_dtype,
        "ours_dtype": sweep.requests[0].dtype,
        "naive_runs_s": [round(s, 4) for s in seconds["naive"]],
        "ours_runs_s": [round(s, 4) for s in seconds["ours"]],
    }


def _pipeline(source: str, device: str, dtype: str) -> StableDiffusionPipeline:
    if Path(source).is_file():
        raise ValueError("The benchmark's loop reads model folders; this model is a single file.")
    diffusers_logging.disable_progress_bar()  # of loading
    pipe = StableDiffusionPipeline.from_pretrained(
        source,
        torch_dtype=getattr(torch, dtype),
        use_safetensors=True,
        safety_checker=None,
        requires_safety_checker=False,
    ).to(device)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _forget_peak() -> None:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak_bytes() -> int | None:
    """The most that a graphics card held; without one, the most that the process ever had, where the system tells."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _loop(pipe: StableDiffusionPipeline, config: Mapping[str, Any], requests: Sequence[ImageRequest]) -> Pixels:
    """The course's loop. `pipe` itself runs without gradients; `config`: of the scheduler that it came with."""
    pipe.scheduler = SCHEDULERS[requests[0].scheduler].from_config(config)
    side = pipe.unet.config.sample_size
    shape = (1, pipe.unet.config.in_channels, side, side)
    images = []
    for request in requests:
        generator = torch.Generator("cpu").manual_seed(request.seed)
        images += pipe(
            request.prompt,
            latents=torch.randn(shape, generator=generator).to(pipe.dtype),
            generator=generator,  # LCM draws more noise at each step
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
        ).images
    return [np.asarray(image) for image in images]


def memo_effect(engine: Engine, requests: Sequence[ImageRequest], note: Callable[[str], None]) -> dict[str, Any]:
    """Many learners ask for one sweep at the same moment: what is computed, against what was asked."""
    note(f"memo: {LEARNERS} learners, one sweep")
    start = time.perf_counter()
    alone = engine.submit(requests, use_memo=False).results()
    alone_s = time.perf_counter() - start
    start = time.perf_counter()
    jobs = [engine.submit(requests, learner=f"learner {i}") for i in range(LEARNERS)]
    images = [result for job in jobs for result in job.results()]
    ours_s = time.perf_counter() - start
    gaps = [max_difference(a.array(), b.array()) for a, b in zip(images, alone * LEARNERS, strict=True)]
    computed = [result for result in images if not result.from_memo]
    return {
        "name": f"memo-{LEARNERS}-learners",
        "images": len(images),
        "images_computed": len(computed),
        "unet_rows_asked": sum(result.evaluations for result in images),
        "unet_rows_computed": sum(result.evaluations for result in computed),
        "naive_s": round(alone_s * LEARNERS, 4),  # the engine without memo, that many times over
        "ours_s": round(ours_s, 4),
        "ratio": round(alone_s * LEARNERS / ours_s, 3),
        "max_difference": max(gaps),
    }
