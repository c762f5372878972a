"""How tests find and press things on a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from dashboard.engine import Job

ROOT = Path(__file__).parents[2]
OpenPage = Callable[..., AppTest]
WIDGETS = ("text_area", "text_input", "number_input", "selectbox", "multiselect", "radio", "slider", "select_slider")


def press(app: AppTest, key: str) -> AppTest:
    """Click the button with this key and run the page."""
    return app.button(key=key).click().run()


def fill(app: AppTest, key: str, value: Any) -> None:
    """Set the one widget with this key."""
    (widget,) = [w for kind in WIDGETS for w in app.get(kind) if w.key == key]
    widget.set_value(value)


def value_of(app: AppTest, key: str) -> Any:
    (widget,) = [w for kind in WIDGETS for w in app.get(kind) if w.key == key]
    return widget.value


def commit(app: AppTest, option: int = 1) -> AppTest:
    """Commit to a guess about the grid."""
    radio = app.radio(key="seeds.grid.guess")
    radio.set_value(radio.options[option])
    return press(app, "seeds.grid.commit")


def jobs(engine: FakeEngine, images: int) -> list[Job]:
    """The submitted jobs with this many images."""
    return [job for job in engine.submitted if len(job.requests) == images]


def pictures(app: AppTest) -> list[str]:
    """The alternative texts of the pictures on the page, in order."""
    return [alt for element in app.get("html") for alt in re.findall(r'<img [^>]*alt="([^"]*)"', element.proto.body)]


def words(app: AppTest) -> str:
    """Everything written on the page."""
    kinds = ("title", "header", "markdown", "caption", "success", "info", "warning", "error", "html")
    return "\n".join(str(getattr(e, "value", None) or getattr(e, "body", "")) for kind in kinds for e in app.get(kind))
