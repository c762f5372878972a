"""Noise of a seed, and mixtures of two."""

from __future__ import annotations

import pytest
import torch
from asking import ask

from dashboard.engine import initial_noise, slerp
from dashboard.engine.noise import noise_and_generator

SHAPE = (1, 4, 8, 8)


def test_it_is_what_torch_draws_first():
    expected = torch.randn(SHAPE, generator=torch.Generator("cpu").manual_seed(6421725739674010))
    assert torch.equal(initial_noise(6421725739674010, SHAPE), expected)


def test_nothing_else_moves_it():
    torch.manual_seed(1)
    first = initial_noise(3, SHAPE)
    torch.randn(100)
    assert torch.equal(initial_noise(3, SHAPE), first)
    assert not torch.equal(initial_noise(4, SHAPE), first)


def test_the_largest_seed_works():
    assert initial_noise(2**63 - 1, SHAPE).dtype == torch.float32


def test_slerp_starts_and_ends_at_its_ends_and_keeps_the_length():
    a, b = initial_noise(1, SHAPE), initial_noise(2, SHAPE)
    assert torch.allclose(slerp(a, b, 0), a) and torch.allclose(slerp(a, b, 1), b, atol=1e-6)
    middle = slerp(a, b, 0.5).norm()
    assert middle == pytest.approx(float((a.norm() + b.norm()) / 2), rel=0.02)
    assert ((a + b) / 2).norm() < 0.8 * middle  # the straight line leaves the sphere


def test_slerp_of_equal_and_of_opposite_ends():
    a = initial_noise(1, SHAPE)
    assert torch.allclose(slerp(a, a, 0.3), a, atol=1e-6)
    assert torch.isfinite(slerp(a, -a, 0.5)).all()


def test_noise_of_the_models_device_is_refused_where_there_is_no_card(engine):
    with pytest.raises(ValueError, match="no graphics card"):
        engine.submit([ask(noise_device="model")])
    with pytest.raises(ValueError, match="noise device must be one of cpu, model"):
        ask(noise_device="moon")


def test_where_the_generator_stands():
    """`device` matters only to a request that asks for it; the CPU stands in for a card."""
    for noise_device, device in (("cpu", "cuda"), ("model", "cpu")):
        noise, generator = noise_and_generator(ask(seed=5, noise_device=noise_device), SHAPE, device)
        assert generator.device.type == noise.device.type == "cpu"
        assert torch.equal(noise, initial_noise(5, SHAPE))
