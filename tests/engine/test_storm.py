"""Proof of independence: 200 mixed requests from many threads give, bit for bit, what they give one at a time.

The negative control is the usual way: one pipeline, its scheduler swapped for each request, used from the same threads.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import diffusers
import numpy as np
import torch
from asking import ask

from dashboard.engine import SCHEDULERS, ImageRequest, compare
from dashboard.engine import networks as networks_module
from dashboard.engine.registry import ModelRegistry

THREADS = 16


def mixed_requests(count: int) -> list[ImageRequest]:
    """Every scheduler, 1 to 9 steps, with and without guidance, several prompts, seeds and sizes."""
    chance = random.Random(5)
    schedulers = list(SCHEDULERS)
    return [
        ask(
            chance.choice(["a photo of a poodle", "an owl", "a red astronaut", "", "a blue sketch of an owl"]),
            negative_prompt=chance.choice(["", "", "red"]),
            seed=index,
            num_inference_steps=chance.randint(1, 9),
            guidance_scale=chance.choice([0.0, 1.0, 2.5, 7.5, 15.0]),
            scheduler=schedulers[index % len(schedulers)],
            width=chance.choice([32, 32, 32, 48]),
        )
        for index in range(count)
    ]


def storm(engine, requests: list[ImageRequest]) -> list[str]:
    """Hashes of all images, asked for from many threads, in jobs of 1 to 5 images."""
    chance = random.Random(6)
    jobs: list[list[int]] = []
    left = list(range(len(requests)))
    while left:
        size = chance.randint(1, 5)
        jobs.append(left[:size])
        left = left[size:]
    with ThreadPoolExecutor(THREADS) as threads:
        results = threads.map(lambda job: engine.submit([requests[i] for i in job]).results(timeout=120), jobs)
        return [result.sha256 for job in results for result in job]


def one_at_a_time(engine, requests: list[ImageRequest]) -> list[str]:
    return [engine.submit([request]).results(timeout=120)[0].sha256 for request in requests]


def test_a_storm_is_bit_identical_to_one_at_a_time(make_engine):
    requests = mixed_requests(200)
    assert storm(make_engine(), requests) == one_at_a_time(make_engine(), requests)


def test_a_storm_is_bit_identical_where_only_one_row_count_is_stable(make_engine, tiny_folder, monkeypatch):
    """As on a graphics card, or a processor whose kernels differ between row counts."""
    monkeypatch.setattr(networks_module, "measure_row_rule", lambda forward, inputs, *, fallback: fallback)
    registry = ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu")
    requests = mixed_requests(32)
    assert storm(make_engine(registry), requests) == one_at_a_time(make_engine(registry), requests)


def test_negative_control_one_shared_pipeline_fails(make_engine, pipe, tiny_folder):
    requests = mixed_requests(40)
    right = [result.array() for result in make_engine().submit(requests).results()]

    def draw(request: ImageRequest) -> np.ndarray | Exception:
        info = SCHEDULERS[request.scheduler]
        pipe.scheduler = getattr(diffusers, info.class_name).from_pretrained(
            tiny_folder, subfolder="scheduler", **info.options
        )
        try:
            image = pipe(
                request.prompt,
                negative_prompt=request.negative_prompt or None,
                num_inference_steps=request.num_inference_steps,
                guidance_scale=request.guidance_scale,
                height=request.height,
                width=request.width,
                generator=torch.Generator("cpu").manual_seed(request.seed),
            ).images[0]
        except Exception as error:  # which one depends on how the threads meet
            return error
        return np.asarray(image)

    with ThreadPoolExecutor(THREADS) as threads:
        drawn = list(threads.map(draw, requests))
    wrong = [
        isinstance(image, Exception) or compare(image, expected).verdict == "different"
        for image, expected in zip(drawn, right, strict=True)
    ]
    assert sum(wrong) >= 10


def test_the_batch_size_does_not_show(make_engine):
    requests = mixed_requests(16)
    assert storm(make_engine(max_rows=5), requests) == storm(make_engine(max_rows=2), requests)
