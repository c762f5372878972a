"""Pages under AppTest, with a fake engine in the engine's place."""

from __future__ import annotations

import runpy
from collections.abc import Iterator

import pytest
import streamlit as st
from fake_engine import FakeEngine
from fake_school import FakeSchool
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest

from dashboard.ui import engine_room, teacher
from pages import ROOT, OpenPage


@pytest.fixture(autouse=True)
def _router(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest takes a folder named pages for Streamlit's older scheme and would leave the router out at every run."""
    monkeypatch.setattr(script_runner, "_mpa_v1", lambda main: runpy.run_path(main, run_name="__main__"))


@pytest.fixture
def school() -> FakeSchool:
    """A teacher whose words are learned at once."""
    return FakeSchool()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, school: FakeSchool) -> Iterator[FakeEngine]:
    """The engine of a server that has just started."""
    st.cache_resource.clear()
    fake = FakeEngine(tiny_folder=lambda: request.getfixturevalue("tiny_folder"))
    monkeypatch.setattr(engine_room, "build", lambda: fake)
    monkeypatch.setattr(teacher, "school", lambda: school)
    yield fake
    fake.close()
    st.cache_resource.clear()


@pytest.fixture
def open_page(engine: FakeEngine) -> OpenPage:
    """Open a page as a new visitor: `open_page("seeds", {"ran": "grid"})`."""

    def visit(page: str, query: dict[str, str] | None = None) -> AppTest:
        app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=30)
        app.run()
        app.switch_page(f"pages/{page}.py")
        for name, value in (query or {}).items():
            app.query_params[name] = value
        return app.run()

    return visit


@pytest.fixture
def seeds(open_page: OpenPage) -> AppTest:
    """The seeds lesson, just opened."""
    return open_page("seeds")
