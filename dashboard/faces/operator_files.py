"""Model files that the operator gives: used only when their SHA-256 is the one that the operator wrote beside them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path


class FacesUnavailable(RuntimeError):
    """A restorer or finder cannot be used here; the message is a sentence for the operator and the learner."""


@dataclass(frozen=True, kw_only=True)
class OperatorFile:
    """A file and the checksum it must have."""

    path: Path
    sha256: str

    @classmethod
    def parse(cls, text: str) -> OperatorFile:
        """From `file#sha256`. FacesUnavailable, with a sentence, where the checksum is missing."""
        name, _, digest = text.rpartition("#")
        if not name or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
            raise FacesUnavailable(
                "A face model's file needs its checksum: write its path, the sign # and its SHA-256 of 64 digits."
            )
        return cls(path=Path(name).expanduser(), sha256=digest.lower())

    def check(self) -> Path:
        """The path, once the file has been read whole and its checksum found right. FacesUnavailable otherwise."""
        try:
            with self.path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise FacesUnavailable(f"The face model {self.path.name} cannot be read.") from error
        if found != self.sha256:
            raise FacesUnavailable(
                f"The face model {self.path.name} is not the file that the operator named: its checksum is another one."
            )
        return self.path
