"""The benchmark at a large model's exact shape, with random weights: what a graphics card makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch

from dashboard.bench import (
    PROMPT,
    PROMPTS,
    Sweep,
    compare_sides,
    fresh_engine,
    machine,
    memo_effect,
)
from dashboard.bench import SEED as IMAGE_SEED
from dashboard.bench.ceiling import matrix_flops, pass_flops
from dashboard.bench.random_model import SHAPES, make_pipeline, serve
from dashboard.engine import ImageRequest
from dashboard.engine.versions import versions
from dashboard.settings import Settings

FAST = ("vector-steps", "channels-last", "buckets", "compile")  # all that keep the images, up to rounding


def sweeps(model: str, dtype: str) -> tuple[Sweep, ...]:
    """The course's sweeps: guidance, steps, prompts by seeds, and four LCM steps without guidance."""
    base = ImageRequest(prompt=PROMPT, seed=IMAGE_SEED, model=model, scheduler="pndm", dtype=dtype)
    named = {
        "guidance-24x20": [base.replace(guidance_scale=1.5 + 0.5 * i) for i in range(24)],
        "steps-1..96": [base.replace(num_inference_steps=n) for n in range(1, 97, 5)],
        "prompts-5x4": [base.replace(prompt=prompt, seed=seed) for prompt in PROMPTS for seed in range(4)],
        "lcm-24x4": [
            base.replace(scheduler="lcm", num_inference_steps=4, guidance_scale=1.0, seed=seed) for seed in range(24)
        ],
    }
    return tuple(Sweep(name=name, requests=tuple(asked), naive_dtype=dtype) for name, asked in named.items())


def run_shape(name: str, *, rounds: int, quick: bool, note: Callable[[str], None]) -> dict[str, Any]:
    """Run it with the switches off and with all that keep the images; JSON-able.

    ValueError for a shape that there is not.
    """
    if name not in SHAPES:
        raise ValueError(f"There is no shape {name[:40]!r}; there are {', '.join(SHAPES)}.")
    shape, settings = SHAPES[name], Settings.load()
    torch.set_num_threads(settings.threads)
    results: list[dict[str, Any]] = []
    with fresh_engine(dataclasses.replace(settings, speed=())) as engine:
        device = engine.models.device
        dtype = "float32" if device == "cpu" else "float16"
    note("measuring the machine's ceiling")
    ceiling, (row_flops, picture_flops) = matrix_flops(device, dtype), pass_flops(shape)
    note("making random weights")
    pipe = make_pipeline(shape, device=device, dtype=dtype)
    for speed in ((), FAST):  # a processor keeps of the second what means something there
        with fresh_engine(dataclasses.replace(settings, speed=speed)) as engine:
            model = serve(engine.models, name, pipe)
            asked, on = sweeps(model, dtype)[: 1 if quick else None], list(engine.models.info(model).speed)
            for sweep in asked:
                result = compare_sides(engine, pipe, sweep, rounds, note)
                work = result["unet_rows"] * row_flops + result["images"] * picture_flops
                share = work / result["ours_s"] / ceiling
                results.append({**result, "speed": on, "share_of_ceiling": round(share, 4)})
            if not quick:
                results.append({**memo_effect(engine, asked[0].requests, note), "speed": on})
    note("")
    return {
        "machine": machine(device),
        "versions": versions(),
        "model": f"random weights in the shape of {name}",
        "dtype": dtype,
        "matrix_tflops": round(ceiling / 1e12, 3),
        "unet_row_gflop": round(row_flops / 1e9, 3),
        "decode_gflop": round(picture_flops / 1e9, 3),
        "results": results,
    }
