"""The same damage done to many known faces, and what Pocket's restorer makes of each: the truth is at hand."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from dashboard.faces.compare import Recovery, recovery
from dashboard.faces.crops import Face
from dashboard.faces.damage import Damage, damaged
from dashboard.faces.known import KnownFace, KnownScene, known_faces
from dashboard.faces.pocket_restorer import PocketRestorer
from dashboard.faces.recognise import Identity, recognise


@dataclass(frozen=True, kw_only=True)
class Case:
    """One known face, damaged and restored. The pictures are of one size."""

    scene: KnownScene
    damaged: Image.Image
    restored: Image.Image
    recovery: Recovery
    seen_damaged: Identity  # what the recogniser takes the damaged face for
    seen_restored: Identity

    @property
    def face(self) -> KnownFace:
        return self.scene.faces[0]

    def right(self, seen: Identity) -> bool:
        """Whether that is the person, with the true skin tone."""
        return (seen.who, seen.tone) == (self.face.who, self.face.tone)


def study(damage: Damage, faces: int) -> list[Case]:
    """The first `faces` known faces under this damage, each with noise of its own.

    The restorer is told where the face is, so that nothing but restoring is measured.
    """
    cases = []
    for number, scene in enumerate(known_faces()[:faces]):
        one = Damage(blur=damage.blur, shrink=damage.shrink, noise=damage.noise, seed=damage.seed + number)
        cases.append(case(scene, damaged(scene.picture, one)))
    return cases


def case(scene: KnownScene, poor: Image.Image) -> Case:
    """A known scene's face restored from a damaged picture of it."""
    box = scene.faces[0].box
    restored = PocketRestorer(lambda _: [Face(box=box, score=1.0)]).restore(poor, factor=1).image
    return Case(
        scene=scene,
        damaged=poor,
        restored=restored,
        recovery=recovery(scene.picture, poor, restored, box),
        seen_damaged=recognise(poor, [box])[0],
        seen_restored=recognise(restored, [box])[0],
    )
