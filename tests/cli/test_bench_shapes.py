"""The benchmark with random weights: the exact shape, equal work on both sides, and its chart."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from dashboard.bench import shapes
from dashboard.bench.ceiling import matrix_flops, pass_flops
from dashboard.bench.chart import chart_svg
from dashboard.bench.random_model import SHAPES, make_pipeline, networks, serve
from dashboard.engine import Engine, ImageRequest, ModelRegistry
from dashboard.engine.parts import STABLE_DIFFUSION_1, STABLE_DIFFUSION_1_GFLOP


def test_the_shape_is_that_of_stable_diffusion_1():
    with torch.device("meta"):
        parts = networks(SHAPES["sd-1"])
    counted = {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()}
    assert counted == dict(STABLE_DIFFUSION_1)
    assert pass_flops(SHAPES["sd-1"])[0] / 1e9 == pytest.approx(STABLE_DIFFUSION_1_GFLOP, abs=0.1)


def test_both_sides_draw_the_same_lively_pictures(run, monkeypatch):
    """The exact command of `make bench-gpu`, with few and short requests."""
    plain = shapes.sweeps

    def short(model, dtype):
        return tuple(
            shapes.Sweep(
                name=sweep.name,
                requests=tuple(
                    r.replace(num_inference_steps=min(r.num_inference_steps, 3)) for r in sweep.requests[:2]
                ),
                naive_dtype=sweep.naive_dtype,
            )
            for sweep in plain(model, dtype)
        )

    monkeypatch.setattr(shapes, "sweeps", short)
    done = run("bench", "--random-weights", "tiny", "--rounds", "1", "--json", "--out", "b.json")
    assert done.status == 0, done.err
    report = json.loads(Path("b.json").read_text())
    assert [result["name"] for result in report["results"]] == [
        "guidance-24x20",
        "steps-1..96",
        "prompts-5x4",
        "lcm-24x4",
        "memo-300-learners",
    ] * 2
    assert [result["speed"] for result in report["results"]] == [[]] * 5 + [["vector-steps"]] * 5
    for result in report["results"]:
        assert result["max_difference"] <= 1
    assert all(0 < result["share_of_ceiling"] < 1.5 for result in report["results"] if "unet_rows" in result)
    assert report["matrix_tflops"] > 0 and report["results"][-1]["images_computed"] == 2
    ElementTree.fromstring(Path("b.svg").read_text())


def test_random_weights_draw_pictures_that_differ():
    """Equal pictures would prove nothing if every picture were the same grey."""
    models = ModelRegistry.build([], device="cpu")
    engine = Engine(models)
    name = serve(models, "tiny", make_pipeline(SHAPES["tiny"], device="cpu", dtype="float32"))
    requests = [ImageRequest(prompt="a cat", model=name, seed=seed, num_inference_steps=3) for seed in range(2)]
    first, second = engine.submit(requests).results(timeout=60)
    engine.close()
    assert first.array().std() > 1 and not np.array_equal(first.array(), second.array())
    assert (first.width, first.model_name) == (16, "Random weights in the shape of tiny")


def test_the_sweeps_are_the_courses():
    guidance, steps, prompts, lcm = shapes.sweeps("m", "float16")
    assert len(guidance.requests) == 24 and {r.num_inference_steps for r in guidance.requests} == {20}
    assert [r.num_inference_steps for r in steps.requests] == list(range(1, 97, 5))
    assert len({(r.prompt, r.seed) for r in prompts.requests}) == 20
    assert {(r.scheduler, r.num_inference_steps, r.guided) for r in lcm.requests} == {("lcm", 4, False)}


def test_an_unknown_shape_and_senseless_rounds_are_refused(run):
    for arguments, words in ((("--random-weights", "huge"), "no shape"), (("--rounds", "0"), "rounds")):
        done = run("bench", *arguments)
        assert done.status == 2 and words in done.err and done.err.count("\n") == 1


def test_the_ceiling_is_a_number_of_operations_a_second():
    assert 1e8 < matrix_flops("cpu", "float32") < 1e15


def test_the_chart_names_every_sweep_and_its_ratio():
    result = {"name": "a<b", "ratio": 2.5, "ours_s": 3.0, "naive_runs_s": [1.0], "speed": ["compile"]}
    machine = {"device": "cpu", "processor": "p", "torch": "2"}
    svg = chart_svg({"machine": machine, "model": "pocket", "results": [result]}).decode()
    ElementTree.fromstring(svg)
    assert "a&lt;b (fast)" in svg and "2.50x, 3.0 s" in svg
