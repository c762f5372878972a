"""The tiny model, to be taught."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.engine import ModelRegistry
from dashboard.teach import School, Student, WordTask, draw_shapes


@pytest.fixture(scope="session")
def models(tiny_folder: Path) -> ModelRegistry:
    return ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu")


@pytest.fixture(scope="session")
def student(models: ModelRegistry) -> Student:
    return Student(models.info("tiny"))


@pytest.fixture
def school(models: ModelRegistry) -> Iterator[School]:
    school = School(models)
    yield school
    school.close()


@pytest.fixture
def task() -> WordTask:
    pictures = tuple(picture.tobytes() for picture in draw_shapes("star", "purple", "yellow", 2, side=32))
    return WordTask(token="<star>", start_word="owl", pictures=pictures, steps=10)
