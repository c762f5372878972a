"""What the command line asks of a model where nothing was chosen."""

import pytest

from dashboard.cli.parser import base_request, build_parser
from dashboard.engine import ImageRequest
from dashboard.engine.catalogue import CATALOGUE, POCKET_FAST


def request_of(*arguments: str) -> ImageRequest:
    return base_request(
        build_parser().parse_args(["image", "--prompt", "a cat", "--out", "a.png", *arguments]), "a cat"
    )


def test_pocket_is_asked_as_a_plain_request_asks_it():
    assert request_of() == ImageRequest(prompt="a cat")


def test_pocket_fast_brings_what_it_was_distilled_for():
    own, request = CATALOGUE[POCKET_FAST], request_of("--model", POCKET_FAST)
    assert (request.num_inference_steps, request.guidance_scale) == (own.default_steps, own.default_guidance_scale)
    assert request.scheduler == own.default_scheduler


@pytest.mark.parametrize("model", ["pocket", POCKET_FAST])
def test_what_was_chosen_holds(model):
    request = request_of("--model", model, "--steps", "7", "--guidance", "2", "--scheduler", "lms")
    assert (request.num_inference_steps, request.guidance_scale, request.scheduler) == (7, 2.0, "lms")
