"""The fake engine answers looks inside as the real one does."""

from __future__ import annotations

import pytest
import torch
from fake_engine import FakeEngine

from dashboard.engine import ConsultFailed, ImageRequest, max_difference, probes


def test_a_traced_job_carries_its_trace_and_consults_look_at_the_same_model(engine: FakeEngine) -> None:
    request = ImageRequest(prompt="an owl", num_inference_steps=3)
    result = engine.submit([request], traced=True).results(30)[0]
    assert result.trace is not None and len(result.trace.steps) == 3
    assert result.request == request and result.model_name == "Fake"
    decoded = engine.consult("pocket", probes.decode_latents, result.trace.latents).result(30)
    assert max_difference(decoded, result.array()) == 0
    maps = engine.consult("pocket", probes.attention_maps, "an owl", result.trace.steps[0]).result(30)
    assert [word.word for word in maps.words] == ["an", "owl"] and maps.start.shape == (16, 16)


def test_an_ordinary_job_has_no_trace_and_a_broken_engine_no_answer(engine: FakeEngine) -> None:
    assert engine.submit([ImageRequest(prompt="an owl")]).results(30)[0].trace is None
    engine.broken = "It is broken."
    with pytest.raises(ConsultFailed, match="It is broken"):
        engine.consult("pocket", probes.decode_latents, torch.zeros(1, 4, 16, 16)).result(30)
