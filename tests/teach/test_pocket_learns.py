"""The proof on Pocket itself: a word taught from four drawn crosses brings the images nearer to them."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.engine import Engine, ImageRequest, LearnedWord, ModelRegistry
from dashboard.intervals import paired_difference, tells_apart
from dashboard.teach import Progress, Student, WordTask, distance_to, draw_shapes, teach_word

SEEDS = range(6)
SETTING = "on a white background"


@pytest.fixture(scope="module")
def pocket() -> ModelRegistry:
    return ModelRegistry.build([], device="cpu")


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [np.asarray(picture) for picture in draw_shapes("cross", "green", "white", 4, side=64)]


@pytest.fixture(scope="module")
def taught(pocket: ModelRegistry, pictures: list[np.ndarray]) -> list[Progress]:
    given = tuple(picture.tobytes() for picture in pictures)
    task = WordTask(token="<sign>", start_word="pizza", pictures=given, setting=SETTING, steps=60)
    return list(teach_word(Student(pocket.info("pocket")), task, max_seconds=600))


def test_the_error_on_unpractised_noise_falls(taught: list[Progress]) -> None:
    exams = [progress.exam for progress in taught if progress.exam is not None]
    assert exams == sorted(exams, reverse=True)
    assert exams[-1] < 0.85 * exams[0]


def test_the_images_come_nearer(pocket: ModelRegistry, pictures: list[np.ndarray], taught: list[Progress]) -> None:
    def distances(word: LearnedWord) -> list[float]:
        base = ImageRequest(
            prompt=f"a photo of a {word.token} {SETTING}", learned_words=(word,), num_inference_steps=10
        )
        results = engine.submit([base.replace(seed=seed) for seed in SEEDS]).results()
        return [distance_to(result.array(), pictures) for result in results]

    engine = Engine(pocket)
    before, after = distances(taught[0].word), distances(taught[-1].word)
    engine.close()
    nearer = paired_difference(before, after)
    assert tells_apart(nearer) and nearer.mean > 0
    assert np.mean(after) < 0.6 * np.mean(before)
