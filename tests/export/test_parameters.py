"""The `parameters` text: ours, AUTOMATIC1111's own, and what must not confuse the reader."""

import contextlib
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.engine import SCHEDULERS, ImageRequest
from dashboard.export import parameters_text, parse_parameters
from dashboard.export.parameters import SAMPLERS
from tests.export.made import make_result

PROMPTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300)
TRICKY = st.lists(
    st.sampled_from(
        ["Negative prompt: ", "Steps: 3, Sampler: DDIM, Seed: 9", "\n", " ", "\r\n", '"', ",", ":", "\\", "a"]
    ),
    max_size=12,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(PROMPTS | TRICKY, PROMPTS | TRICKY)
@example('a "quoted", comma: colon\nsecond line', "ugly, Steps: 3")
@example("Negative prompt: trap", "")
@example("  spaces  ", "\n")
@example("\u2028\x85\x1c", "ﷺ 🐩")
def test_our_own_text_round_trips(prompt, negative):
    request = ImageRequest(
        prompt=prompt,
        negative_prompt=negative,
        seed=6421725739674010,
        guidance_scale=1 / 3,
        width=64,
        height=64,
        dtype="bfloat16",
    )
    assert parse_parameters(parameters_text(make_result(request))) == request


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler_has_a_sampler_name(scheduler):
    request = ImageRequest(prompt="a", scheduler=scheduler, width=64, height=64)
    text = parameters_text(make_result(request))
    assert f"Sampler: {SAMPLERS[scheduler]}," in text
    assert parse_parameters(text).scheduler == scheduler


def test_ours_reads_as_the_convention():
    request = ImageRequest(
        prompt="a poodle\non an astronaut", negative_prompt="blurry", seed=42, guidance_scale=7.5, scheduler="pndm"
    )
    assert parameters_text(make_result(request)) == (
        "a poodle\non an astronaut\nNegative prompt: blurry\n"
        "Steps: 20, Sampler: PLMS, CFG scale: 7.5, Seed: 42, Size: 64x64, Model hash: 0a1b2c3d4e, Model: pocket"
    )


FULL = """masterpiece, (best quality:1.2), a girl <lora:x:0.8>
Steps: 3 is what the sign says
Negative prompt: lowres, bad anatomy,
text: error
Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 3107934591, Size: 512x768, Model hash: 6ce0161689, \
Model: v1-5-pruned-emaonly, VAE hash: "735e4c3a44", Denoising strength: 0.55, Clip skip: 2, ENSD: 31337, \
Hires upscale: 1.8, Hires steps: 12, Hires upscaler: "Latent (nearest, exact)", \
Lora hashes: "x: 1234, y: 5678", TI hashes: "a: \\"b\\"", Version: v1.10.1"""


def test_automatic1111_in_full():
    assert parse_parameters(FULL) == ImageRequest(
        prompt="masterpiece, (best quality:1.2), a girl <lora:x:0.8>\nSteps: 3 is what the sign says",
        negative_prompt="lowres, bad anatomy,\ntext: error",
        seed=3107934591,
        num_inference_steps=28,
        guidance_scale=7.0,
        scheduler="dpm++2m",
        model="v1-5-pruned-emaonly",
        width=512,
        height=768,
    )


@pytest.mark.parametrize(
    "sampler,scheduler",
    [("Euler a", "euler-ancestral"), ("Euler", "euler"), ("LMS Karras", "lms"), ("PLMS", "pndm"), ("UniPC", "unipc")],
)
def test_automatic1111_samplers(sampler, scheduler):
    text = f"a\nSteps: 20, Sampler: {sampler}, Schedule type: Karras, CFG scale: 7, Seed: 1"
    assert parse_parameters(text).scheduler == scheduler


def test_windows_line_ends_a_missing_negative_and_words_after_the_settings():
    request = parse_parameters(
        "\r\n a cat \r\nSteps: 20, Sampler: DDIM, CFG scale: 7.5, Seed: 1\r\nTemplate: a {cat|dog}"
    )
    assert (request.prompt, request.negative_prompt, request.scheduler) == ("a cat", "", "ddim")


def test_no_prompt_at_all():
    assert parse_parameters("Steps: 20, Sampler: DDIM, CFG scale: 7.5, Seed: 1").prompt == ""


@pytest.mark.parametrize(
    "text,word",
    [
        ("", "No settings"),
        ("a prompt, nothing else", "No settings"),
        ("a\nSteps: 20, Sampler: DPM++ SDE, CFG scale: 7, Seed: 1", "DPM\\+\\+ SDE"),
        ("a\nSteps: 20, Sampler: DDIM, CFG scale: seven, Seed: 1", "CFG scale must be a number"),
        ("a\nSteps: 20000, Sampler: DDIM, CFG scale: 7, Seed: 1", "number of steps"),
        ("a\nSteps: 20, Sampler: DDIM, CFG scale: nan, Seed: 1", "guidance"),
        ("a\nSteps: 20, Sampler: DDIM, Size: big, Seed: 1", "64x64"),
        ("a\nSteps: 20, Sampler: DDIM, Seed: " + "9" * 5000, "Seed must be a number"),
        ("x" * 3000 + "\nSteps: 20, Sampler: DDIM, Seed: 1", "2,000 characters"),
        ("x" * 200_000, "too long"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(text, word):
    with pytest.raises(ValueError, match=word) as caught:
        parse_parameters(text)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "pattern", ["a b ", 'a: "', 'aa: "\\', "a:" + "\\" * 7, "Steps: 1, ", '"', "\n", "Negative prompt:"]
)
def test_hostile_text_is_read_in_linear_time(pattern):
    text = (pattern * 100_000)[:99_000]
    start = time.perf_counter()
    with contextlib.suppress(ValueError):
        parse_parameters(text)
    assert time.perf_counter() - start < 3
