"""OpenCV's YuNet: faces in photographs, with five landmarks (Wu et al. 2023, doi 10.1007/s11633-023-1423-y)."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dashboard.faces.alignment import Points
from dashboard.faces.crops import Face
from dashboard.faces.operator_files import FacesUnavailable
from dashboard.faces.restoration import FaceError

THRESHOLD = 0.7


class YuNet:
    """One network, used by one thread at a time: OpenCV keeps the picture's size on it."""

    def __init__(self, model: Path) -> None:
        """FacesUnavailable, with a sentence, where OpenCV is missing or cannot read the model."""
        try:
            import cv2
        except ImportError as error:
            raise FacesUnavailable(
                "Finding faces with YuNet needs OpenCV (pip install opencv-python-headless)."
            ) from error
        try:
            self._network: Any = cv2.FaceDetectorYN.create(str(model), "", (320, 320), THRESHOLD)
        except (cv2.error, AttributeError) as error:
            raise FacesUnavailable(f"OpenCV cannot read {model.name} as YuNet's model.") from error
        self._error: type[Exception] = cv2.error
        self._lock = threading.Lock()

    def find(self, picture: Image.Image) -> list[tuple[Face, Points]]:
        """Faces of an RGB picture with their landmarks (5, 2), the surest first. FaceError where OpenCV fails."""
        pixels = np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])  # OpenCV reads blue first
        try:
            with self._lock:
                self._network.setInputSize(picture.size)
                _, rows = self._network.detect(pixels)
        except self._error as error:
            raise FaceError("The face finder failed on this picture. Your picture is unchanged.") from error
        return sorted(found_faces(rows), key=lambda found: -found[0].score)


def found_faces(rows: np.ndarray | None) -> list[tuple[Face, Points]]:
    """YuNet's rows (N, 15): left, top, width, height, five points from left to right, score."""
    if rows is None:
        return []
    found = []
    for row in rows.astype(float):
        left, top, width, height = row[:4]
        face = Face(box=(left, top, left + width, top + height), score=float(row[14]))
        found.append((face, row[4:14].reshape(5, 2)))
    return found
