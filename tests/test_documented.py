"""What we say that the documentation says is what the installed library's own documentation says."""

from __future__ import annotations

import inspect

from diffusers import StableDiffusionPipeline

from dashboard.documented import call_options
from dashboard.ui.labs.options import OPTIONS


def test_the_parsed_source_agrees_with_the_imported_function() -> None:
    parameters = inspect.signature(StableDiffusionPipeline.__call__).parameters
    documentation = " ".join((inspect.getdoc(StableDiffusionPipeline.__call__) or "").split())
    assert len(call_options()) > 12
    for name, option in call_options().items():
        assert option.default == repr(parameters[name].default).replace("<class '", "").replace("'>", "")
        assert option.said and option.said in documentation


def test_the_courses_options_are_arguments_of_the_call() -> None:
    assert set(OPTIONS) <= set(call_options())
    assert call_options()["num_inference_steps"].default == "50"
    assert call_options()["guidance_scale"].default == "7.5"
    assert call_options()["latents"].default == call_options()["generator"].default == "None"
    assert "scheduler" not in call_options(), "the scheduler is a part of the pipeline, not an argument of the call"
