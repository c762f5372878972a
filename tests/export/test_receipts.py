"""A PNG made here carries everything needed to make it again."""

import dataclasses
import io

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dashboard.engine import ImageRequest, Latents
from dashboard.export import NotAReceipt, Receipt, png_bytes, read_pixels, read_receipt, request_from_png
from tests.export.made import make_result

PROMPTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)


@settings(max_examples=100, deadline=None)
@given(PROMPTS, PROMPTS)
@example('naïve café, 東京 🐩\n"quoted", a: b', "line\r\nNegative prompt: x\nSteps: 3, Sampler: DDIM, Seed: 1")
def test_any_prompt_survives(prompt, negative):
    request = ImageRequest(prompt=prompt, negative_prompt=negative, seed=2**63 - 1, guidance_scale=0.1)
    assert read_receipt(png_bytes(make_result(request, width=8, height=8))).request == request


def test_every_field_survives():
    latents = Latents.from_tensor(torch.randn(1, 4, 16, 16))
    result = make_result(
        ImageRequest(prompt="a", latents=latents, scheduler="heun", dtype="bfloat16", width=64, height=32)
    )
    receipt = read_receipt(png_bytes(result))
    assert receipt == Receipt.from_result(result)
    for field in dataclasses.fields(Receipt):
        assert getattr(receipt, field.name) == getattr(result, field.name)


def test_the_largest_latents_survive():
    latents = Latents.from_tensor(torch.randn(1, 4, 256, 256))
    assert read_receipt(png_bytes(make_result(ImageRequest(prompt="a", latents=latents)))).request.latents == latents


def test_pixels_survive():
    result = make_result(width=24, height=16)
    assert np.array_equal(read_pixels(png_bytes(result)), result.array())


def test_time_and_memo_do_not_change_the_png():
    first = make_result()
    again = dataclasses.replace(first, seconds=99.0, from_memo=True)
    assert png_bytes(first) == png_bytes(again)
    assert png_bytes(first) != png_bytes(dataclasses.replace(first, device="cuda"))


def test_other_programs_read_the_parameters():
    for prompt in ("a poodle", "東京"):
        with Image.open(
            io.BytesIO(
                png_bytes(make_result(ImageRequest(prompt=prompt, seed=42, guidance_scale=7.5, scheduler="pndm")))
            )
        ) as image:
            assert image.text["parameters"].startswith(
                f"{prompt}\nSteps: 20, Sampler: PLMS, CFG scale: 7.5, Seed: 42, "
            )


def foreign(text: str) -> bytes:
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text("parameters", text)
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def test_settings_of_another_program():
    request = request_from_png(foreign("a horse\nSteps: 30, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512"))
    assert (request.prompt, request.num_inference_steps, request.scheduler) == ("a horse", 30, "euler-ancestral")
    with pytest.raises(NotAReceipt, match="carries no receipt"):
        read_receipt(foreign("a horse\nSteps: 30, Sampler: Euler a, CFG scale: 7, Seed: 5"))
    with pytest.raises(NotAReceipt, match="No settings"):
        request_from_png(foreign("just words"))
