"""A model's own safety checker is used: what it refuses is black and says so, as in plain diffusers."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from asking import ask
from diffusers import StableDiffusionPipeline
from tiny_model import add_checker

from dashboard.engine import Engine, Memo, ModelRegistry, ModelUnavailable


@pytest.fixture
def folder(tiny_folder, tmp_path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "checked")


@pytest.mark.parametrize(("threshold", "refused"), [(-2.0, True), (2.0, False)])
def test_it_decides_as_in_plain_diffusers(folder, threshold, refused):
    add_checker(folder, threshold=threshold)
    engine = Engine(ModelRegistry.build([f"tiny={folder}"], device="cpu"))
    result = engine.submit([ask(seed=3)]).results(timeout=60)[0]
    engine.close()
    pipe = StableDiffusionPipeline.from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    plain = pipe("a photo of a poodle", num_inference_steps=4, generator=torch.Generator("cpu").manual_seed(3))
    assert result.filtered is refused is plain.nsfw_content_detected[0]
    assert (result.array().max() == 0) == refused
    assert np.abs(result.array().astype(int) - np.asarray(plain.images[0])).max() <= 1


def test_a_checker_that_is_named_must_be_there(folder):
    add_checker(folder, threshold=2.0)
    (folder / "safety_checker" / "model.safetensors").unlink()
    info = ModelRegistry.build([f"tiny={folder}"], device="cpu").info("tiny")
    assert not info.available and "safety_checker" in info.reason


def test_a_model_without_one_says_nothing_is_filtered(engine):
    assert not engine.submit([ask()]).results()[0].filtered


def test_the_operator_can_switch_it_off_and_what_was_drawn_with_it_is_not_taken_from_the_memo(folder, tmp_path):
    add_checker(folder, threshold=-2.0)
    for safety, filtered in (("on", True), ("off", False)):
        models = ModelRegistry.build([f"tiny={folder}"], device="cpu", safety=safety)
        engine = Engine(models, memo=Memo(tmp_path / "memo", max_bytes=10_000_000))
        result = engine.submit([ask(seed=3)]).results(timeout=60)[0]
        engine.close()
        assert (result.filtered, result.from_memo) == (filtered, False)
        assert models.info("tiny").safety == safety and models.info("tiny").safety_note.endswith(".")


def test_a_model_without_a_checker_is_refused_where_one_is_required(folder, tiny_folder):
    add_checker(folder, threshold=2.0)
    models = ModelRegistry.build([f"checked={folder}", f"bare={tiny_folder}"], device="cpu", safety="required")
    assert models.info("checked").available and models.info("pocket").available
    info = models.info("bare")
    assert not info.available and "requires one" in info.reason
    with pytest.raises(ModelUnavailable):
        models.get("bare")
    assert ModelRegistry.build([f"bare={tiny_folder}"], device="cpu").info("bare").safety == "none"
