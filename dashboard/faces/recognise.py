"""Whose face it is, among the pocket world's five persons and five skin tones: a judge, never a claim about people."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from dashboard.faces.crops import Box, crop_square, cut, to_tensor
from dashboard.faces.networks import WHO
from dashboard.faces.shipped import computed, recogniser
from dashboard.pocket.world.subjects import SKIN_TONES

RECOGNISER_PX = 32
PLAIN = {
    "man-astronaut": "man in a space suit",
    "woman-astronaut": "woman in a space suit",
    "man": "man",
    "woman": "woman",
    "man-mage": "wizard",
}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The recogniser's best guess."""

    who: str  # of WHO
    tone: str  # of SKIN_TONES
    sure: float  # 0 .. 1: the probability of the person times that of the skin tone

    def __str__(self) -> str:
        return f"{PLAIN[self.who]}, {self.tone} skin"


def recognise(picture: Image.Image, boxes: list[Box]) -> list[Identity]:
    """A guess for each face box of an RGB picture."""
    if not boxes:
        return []
    crops = [cut(picture, crop_square(box), RECOGNISER_PX) for box in boxes]
    who, tone = (logits.softmax(-1) for logits in computed(recogniser(), to_tensor(crops)))
    return [
        Identity(who=WHO[int(w.argmax())], tone=SKIN_TONES[int(t.argmax())], sure=float(w.max() * t.max()))
        for w, t in zip(who, tone, strict=True)
    ]
