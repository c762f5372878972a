"""What we say that the documentation says is what the installed library's own documentation says."""

from __future__ import annotations

import inspect

import diffusers
import pytest

from dashboard.documented import PIPELINES, call_options, pipeline_purpose
from dashboard.ui.labs.options import OPTIONS


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_parsed_source_agrees_with_the_imported_function(pipeline: str) -> None:
    owner = getattr(diffusers, pipeline)
    parameters = dict(inspect.signature(owner.__call__).parameters)
    del parameters["self"]
    named = {name: p for name, p in parameters.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
    documentation = " ".join((inspect.getdoc(owner.__call__) or "").split())
    assert list(call_options(pipeline)) == list(named) and len(named) > 12
    for name, option in call_options(pipeline).items():
        default = named[name].default
        assert option.default == ("" if default is inspect.Parameter.empty else _written(default))
        assert option.said and option.said in documentation
        assert option.address.endswith(f"#diffusers.{pipeline}.__call__.{name}")
    assert pipeline_purpose(pipeline) in " ".join((inspect.getdoc(owner) or "").split())


def _written(default: object) -> str:
    return repr(default).replace("<class '", "").replace("'>", "")


def test_types_are_told_as_the_source_writes_them() -> None:
    assert call_options()["num_inference_steps"].kind == "int"
    assert call_options()["latents"].kind == "torch.Tensor | None"


def test_the_courses_options_are_arguments_of_the_call() -> None:
    assert set(OPTIONS) <= set(call_options())
    assert call_options()["num_inference_steps"].default == "50"
    assert call_options()["guidance_scale"].default == "7.5"
    assert call_options()["latents"].default == call_options()["generator"].default == "None"
    assert "scheduler" not in call_options(), "the scheduler is a part of the pipeline, not an argument of the call"
