"""The file and the script that carry a learned word draw the dashboard's own image in plain diffusers."""

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from tiny_model import WIDTH

from dashboard.engine import ImageRequest, LearnedWord, max_difference
from dashboard.export import LEARNED_EMBEDS, diffusers_code, grid_code, learned_embeds, png_bytes, read_receipt

WORD = LearnedWord.from_tensor("<star>", torch.randn(WIDTH, generator=torch.Generator().manual_seed(5)))
REQUEST = ImageRequest(
    prompt="a photo of a <star>", seed=42, model="tiny", num_inference_steps=3, learned_words=(WORD,)
)


@pytest.fixture(scope="module")
def ours(tiny_engine):
    return tiny_engine.submit([REQUEST], use_memo=False).results()[0]


def test_the_file(tiny_folder, tmp_path, ours):
    (tmp_path / LEARNED_EMBEDS).write_bytes(learned_embeds(WORD))
    pipe = StableDiffusionPipeline.from_pretrained(tiny_folder, safety_checker=None)
    pipe.load_textual_inversion(tmp_path)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    image = pipe(
        REQUEST.prompt, num_inference_steps=3, guidance_scale=5.0, generator=torch.Generator("cpu").manual_seed(42)
    ).images[0]
    assert max_difference(np.asarray(image), ours.array()) <= 1


def test_the_script(tiny_folder, ours):
    names: dict = {}
    code = diffusers_code(REQUEST, str(tiny_folder)).replace('image.save("image.png")', "")
    exec(compile(code, "script", "exec"), names)
    assert max_difference(np.asarray(names["image"]), ours.array()) <= 1


def test_the_script_of_several_images(tiny_engine, tiny_folder):
    other = LearnedWord.from_tensor("<star>", -WORD.tensor())
    requests = [REQUEST, REQUEST.replace(learned_words=(other,)), REQUEST.replace(prompt="an owl", learned_words=())]
    names: dict = {}
    exec(compile("\n".join(grid_code(requests, str(tiny_folder))), "script", "exec"), names)
    drawn = tiny_engine.submit(requests, use_memo=False).results()
    for theirs, ours in zip(names["images"], drawn, strict=True):
        assert max_difference(np.asarray(theirs), ours.array()) <= 1


def test_the_receipt_carries_the_word(ours):
    assert read_receipt(png_bytes(ours)).request == REQUEST
