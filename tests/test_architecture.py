"""Imports flow one way: pages -> dashboard/ui -> rooms; rooms never import Streamlit."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = sorted(
    path for path in (ROOT / "dashboard").rglob("*.py") if "ui" not in path.relative_to(ROOT / "dashboard").parts
)
# What each room may import of the others; itself always.
ALLOWED = {
    "building": set(),
    "engine": {"building", "settings"},
    "pocket": {"building", "intervals"},
    "export": {"engine"},
    "teach": {"engine", "export", "pocket", "threads"},
    "faces": {"building", "engine", "intervals", "pocket", "settings", "threads"},
    "axes": {"engine"},
    "cli": {"axes", "engine", "export", "settings", "bench", "pocket", "faces"},
    "bench": {"engine", "machine", "settings"},
    "machine": {"settings"},
    "cards": set(),
    "documented": set(),
    "course": set(),
    "charts": set(),
    "intervals": set(),
    "knee": set(),
    "settings": set(),
    "threads": set(),
    "__main__": {"cli"},
    "__init__": set(),
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "dashboard").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_knows_neither_streamlit_nor_the_rooms_above_it(path):
    room = room_of(path)
    assert room in ALLOWED, f"{room} is a new room: say in ALLOWED what it may import"
    for name in imported(path):
        assert name.split(".")[0] not in ("streamlit", "pages"), f"{path} imports {name}"
        parts = name.split(".")
        if parts[0] == "dashboard" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] == room or parts[1] in ALLOWED[room], f"{room} must not import {name}"


def test_the_user_interface_never_imports_pages():
    for path in (ROOT / "dashboard" / "ui").rglob("*.py"):
        assert not [name for name in imported(path) if name.split(".")[0] == "pages"], path


def test_pages_are_thin():
    for path in (ROOT / "pages").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 80, f"{path} has grown into a program"


def test_the_router_only_routes():
    names = set(imported(ROOT / "streamlit_app.py"))
    assert not [name for name in names if name.startswith("dashboard.") and not name.startswith("dashboard.ui")]
