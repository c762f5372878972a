"""GFPGAN and RestoreFormer on this machine, from weights that the operator gives.

`spandrel` recognises the architecture and unpickles with an allowlist. Its own call is not used: for GFPGAN it passes
pixels of 0 .. 1 to a network trained on -1 .. 1, and lets it draw fresh noise at every call.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

import torch
from PIL import Image

from dashboard.building import BUILDING
from dashboard.faces.alignment import Alignment, Points
from dashboard.faces.crops import Face, scaled, to_pictures, to_tensor
from dashboard.faces.detect import find_faces
from dashboard.faces.operator_files import FacesUnavailable, OperatorFile
from dashboard.faces.restoration import Change, FaceError, Restoration, checked, difference_inside, enlarge

ARCHITECTURES = ("GFPGAN", "RestoreFormer")
SUFFIXES = (".pth", ".safetensors")


class Finder(Protocol):
    """Finds faces, with five landmarks each where it can."""

    def find(self, picture: Image.Image) -> list[tuple[Face, Points]]: ...


class LocalRestorer:
    """One network; calls take turns, so no two people's faces are in it at once."""

    def __init__(self, weights: OperatorFile, finder: Finder | None = None) -> None:
        """FacesUnavailable, with a sentence, where the file or the library will not do."""
        self._network, architecture = load_network(weights)
        self._options = {"randomize_noise": False} if architecture == "GFPGAN" else {}
        self._finder, self._lock = finder, threading.Lock()
        self.name = f"{architecture} on this server"

    def restore(self, picture: Image.Image, *, factor: int = 2, blend: float = 1.0) -> Restoration:
        """As `Restorer.restore`."""
        began = time.perf_counter()
        picture = checked(picture, factor, blend)
        enlarged = image = enlarge(picture, factor)
        found = self._find(picture)
        for _, alignment in reversed(found):
            face = self._restored(alignment.crop(picture))
            image = alignment.enlarged(factor).paste(face, image, blend)
        changes = tuple(
            Change(face=face, blend=blend, difference=difference_inside(image, enlarged, scaled(face.box, factor)))
            for face, _ in found
        )
        return Restoration(
            image=image,
            enlarged=enlarged,
            factor=factor,
            changes=changes,
            untouched=not changes or not blend,
            seconds=time.perf_counter() - began,
            restorer=self.name,
        )

    def _find(self, picture: Image.Image) -> list[tuple[Face, Alignment]]:
        if self._finder is None:
            return [(face, Alignment.from_box(face.box)) for face in find_faces(picture)]
        return [(face, Alignment.from_landmarks(points)) for face, points in self._finder.find(picture)]

    def _restored(self, face: Image.Image) -> Image.Image:
        """An aligned face through the network. FaceError, never the face as it came, where the network fails."""
        try:
            with self._lock, torch.inference_mode():
                pixels: torch.Tensor = self._network(to_tensor([face]), **self._options)[0]
        except (RuntimeError, ValueError) as error:
            raise FaceError("The face restorer failed on this picture. Your picture is unchanged.") from error
        if pixels.shape != (1, 3, face.height, face.width) or not bool(torch.isfinite(pixels).all()):
            raise FaceError("The face restorer gave no usable face. Your picture is unchanged.")
        return to_pictures(pixels)[0]


def load_network(weights: OperatorFile) -> tuple[Any, str]:
    """The network and its architecture's name, checksum first. FacesUnavailable, with a sentence."""
    if weights.path.suffix.lower() not in SUFFIXES:
        raise FacesUnavailable(f"A face restorer's weights must be a {' or '.join(SUFFIXES)} file.")
    path = weights.check()
    try:
        import spandrel
    except ImportError as error:
        missing = "torchvision, in the version made for this torch" if "torchvision" in str(error) else "spandrel"
        raise FacesUnavailable(f"Restoring with GFPGAN or RestoreFormer here needs {missing}.") from error
    try:
        with BUILDING:
            found = spandrel.ModelLoader(device="cpu").load_from_file(path)
    except Exception as error:  # a damaged or hostile file makes the library raise a dozen unrelated types
        raise FacesUnavailable(f"{path.name} is not a model that spandrel can load safely.") from error
    if found.architecture.id not in ARCHITECTURES:
        raise FacesUnavailable(f"{path.name} is {found.architecture.name}, not GFPGAN or RestoreFormer.")
    return found.model.eval(), str(found.architecture.id)
