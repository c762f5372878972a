"""Scenes of the pocket world whose faces are known exactly, and which no network here was trained on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

from dashboard.faces.crops import Box
from dashboard.faces.recognise import PLAIN

FOLDER = Path(__file__).parent / "scenes"
SHEET, TRUTH = FOLDER / "scenes.webp", FOLDER / "truth.json"
COLUMNS, SCENE_PX = 8, 128


@dataclass(frozen=True, kw_only=True)
class KnownFace:
    """A face as it truly is."""

    box: Box  # in pixels of the scene's picture
    who: str  # of networks.WHO
    tone: str  # of SKIN_TONES

    def __str__(self) -> str:
        return f"{PLAIN[self.who]}, {self.tone} skin"


@dataclass(frozen=True, kw_only=True)
class KnownScene:
    """A scene with its truth."""

    index: int  # of Pocket's scenes; all here come after the last that it was trained on
    caption: str
    style: str
    picture: Image.Image  # RGB, SCENE_PX x SCENE_PX
    faces: tuple[KnownFace, ...]


@lru_cache(maxsize=1)
def known_scenes() -> tuple[KnownScene, ...]:
    """All of them, those with a face first."""
    with Image.open(SHEET) as opened:
        sheet = opened.convert("RGB")
    scenes = []
    for place, row in enumerate(json.loads(TRUTH.read_text(encoding="utf-8"))):
        left, top = place % COLUMNS * SCENE_PX, place // COLUMNS * SCENE_PX
        faces = tuple(KnownFace(box=tuple(f["box"]), who=f["who"], tone=f["tone"]) for f in row.pop("faces"))
        scenes.append(KnownScene(**row, picture=sheet.crop((left, top, left + SCENE_PX, top + SCENE_PX)), faces=faces))
    return tuple(scenes)


def known_faces() -> tuple[KnownScene, ...]:
    """Those that hold one face."""
    return tuple(scene for scene in known_scenes() if len(scene.faces) == 1)
