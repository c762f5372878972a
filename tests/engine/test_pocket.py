"""The promise that matters most, on the model that ships: an image does not depend on its company."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dashboard.engine import Engine, ImageRequest, ModelRegistry


@pytest.fixture(scope="module")
def pocket() -> ModelRegistry:
    return ModelRegistry.build([], device="cpu")


def test_an_image_of_pocket_is_the_same_alone_and_in_any_grid(
    make_engine: Callable[..., Engine], pocket: ModelRegistry
) -> None:
    engine = make_engine(pocket)
    request = ImageRequest(prompt="a red car in the city", seed=3, num_inference_steps=4, scheduler="ddim")
    alone = engine.submit([request]).results(120)[0].sha256
    for size in (4, 6, 12):
        grid = [
            request.replace(seed=seed, guidance_scale=1.0 if seed % 3 == 1 else 5.0) for seed in range(100, 99 + size)
        ]
        together = engine.submit([*grid[:2], request, *grid[2:]]).results(120)
        assert together[2].sha256 == alone, f"differs in a grid of {size}"
        assert len({result.sha256 for result in together}) == size
