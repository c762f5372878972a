"""An engine on the tiny model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.engine import Engine, build_engine
from dashboard.settings import Settings


@pytest.fixture(scope="module")
def tiny_engine(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that lists the tiny model as `tiny`."""
    folder = tmp_path_factory.mktemp("data")
    engine = build_engine(Settings(data_dir=folder, models=(f"tiny={tiny_folder}",), threads=2))
    yield engine
    engine.close()
