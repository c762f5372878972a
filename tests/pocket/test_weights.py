"""The weights in the repository: plain diffusers loads them, they are as small as promised, the card is theirs."""

import json

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from dashboard.pocket import WEIGHTS_FOLDER
from dashboard.pocket.card import CARD_FOLDER
from dashboard.pocket.measures import gflop_per_row, weights_sha256
from dashboard.pocket.report import load_report
from dashboard.pocket.world.captions import vocabulary


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    """As a stranger loads it: nothing of ours but the path."""
    pipeline = StableDiffusionPipeline.from_pretrained(WEIGHTS_FOLDER)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _draw(pipeline: StableDiffusionPipeline, prompt: str) -> np.ndarray:
    noise = torch.randn((1, 4, 16, 16), generator=torch.Generator().manual_seed(7))
    return pipeline(prompt, latents=noise, num_inference_steps=30, guidance_scale=4.0, output_type="np").images[0]


def test_the_words_decide_the_place(pipeline):
    """At the borders, where no subject stands: snow is brighter than space, a meadow's ground is green."""

    def border(prompt: str) -> np.ndarray:
        return _draw(pipeline, prompt)[-8:, :, :].mean(axis=(0, 1))

    snow, space, meadow = (
        border(f"a photo of a panda {place}") for place in ("in the snow", "in space", "in a meadow")
    )
    assert snow.mean() > space.mean() + 0.3
    assert meadow[1] > meadow[0] + 0.1 and meadow[1] > meadow[2] + 0.1


def test_the_words_decide_the_colour(pipeline):
    """In the middle, where the subject stands, a red car is redder than a blue one."""

    def middle(prompt: str) -> np.ndarray:
        return _draw(pipeline, prompt)[24:44, 20:44].mean(axis=(0, 1))

    red, blue = (
        middle("a photo of a red car on a white background"),
        middle("a photo of a blue car on a white background"),
    )
    assert red[0] - red[2] > blue[0] - blue[2] + 0.3


def test_the_scheduler_is_stable_diffusion_1s(pipeline):
    config = pipeline.scheduler.config
    assert type(pipeline.scheduler).__name__ == "PNDMScheduler"
    wanted = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "num_train_timesteps": 1000,
        "skip_prk_steps": True,
        "set_alpha_to_one": False,
        "steps_offset": 1,
        "prediction_type": "epsilon",
        "clip_sample": False,
    }
    assert {name: config[name] for name in wanted} == wanted


def test_the_shipped_tokenizer_knows_the_world(pipeline):
    assert [word for word in vocabulary() if len(pipeline.tokenizer.tokenize(word)) != 1] == []


def test_the_files_are_small():
    files = [path for path in WEIGHTS_FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 60e6
    assert max(path.stat().st_size for path in files) <= 15e6
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".txt"}


def test_the_two_tokenizer_formats_agree(pipeline):
    vocab = json.loads((WEIGHTS_FOLDER / "tokenizer" / "vocab.json").read_text(encoding="utf-8"))
    assert vocab == pipeline.tokenizer.get_vocab()


def test_a_pass_of_the_unet_is_within_its_budget(pipeline):
    assert gflop_per_row(pipeline) <= 0.9


def test_the_card_is_about_these_weights():
    assert weights_sha256(WEIGHTS_FOLDER) in (CARD_FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_the_card_says_what_the_report_says():
    card, report = (CARD_FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8"), load_report()
    for name in ("subject_accuracy_seen", "subject_accuracy_held_out", "background_accuracy", "style_accuracy"):
        row = report[name]
        assert f"{row['value']:.0%} ({row['low']:.0%} to {row['high']:.0%})" in card, name
    assert f"**{report['vae_psnr_db']['value']:.1f} dB**" in card
    assert all((CARD_FOLDER / "card" / name).is_file() for name in ("losses.svg", "accuracy.svg", "samples.png"))
