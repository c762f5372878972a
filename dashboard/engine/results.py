"""What one finished image carries: its pixels and everything needed to make it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from dashboard.engine.requests import ImageRequest
from dashboard.engine.traces import Trace


@dataclass(frozen=True, kw_only=True)
class ImageResult:
    """An image and its receipt."""

    request: ImageRequest
    rgb: bytes  # height * width * 3 bytes, row by row
    width: int  # pixels
    height: int
    sha256: str  # of rgb
    noise_sha256: str  # of the initial latents: float32 bytes, before the scheduler scales them
    seconds: float  # compute time: its share, by rows, of each batch it rode in; waiting left out
    evaluations: int  # U-Net rows used, conditional and unconditional
    steps_run: int  # scheduler steps really run: PNDM one more than asked, Heun 2n - 1
    model_id: str
    model_name: str
    weights_sha256: str
    device: str
    dtype: str  # what the U-Net computed in: "float32", "bfloat16" or "float16"
    versions: Mapping[str, str]
    scheduler_config: Mapping[str, object]
    from_memo: bool
    filtered: bool = False  # a safety checker replaced the picture
    trace: Trace | None = field(default=None, compare=False, repr=False)  # of a traced job; never memoised

    @property
    def nbytes(self) -> int:
        """Memory that its pixels and its trace take."""
        return len(self.rgb) + (self.trace.nbytes if self.trace is not None else 0)

    def image(self) -> Image.Image:
        return Image.frombytes("RGB", (self.width, self.height), self.rgb)

    def array(self) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8, a copy."""
        return np.frombuffer(self.rgb, dtype=np.uint8).reshape(self.height, self.width, 3).copy()
