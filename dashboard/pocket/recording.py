"""How Pocket learned: what was kept of the shipped weights' training at a dozen steps, written by `train.recorder`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

RECORDING = Path(__file__).parent / "recording"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The averaged weights after `step` updates, when `seen` noised latents had been learned from.

    `errors` maps a timestep (0 .. 999) to the mean squared noise error there, over scenes never trained on; 1 is
    what always answering "no noise" scores. `images` are the recorded prompts', at one seed.
    """

    step: int
    seen: int
    errors: dict[int, float]
    images: tuple[Image.Image, ...]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Moments in the order of their steps; `prompts` are those of each moment's images."""

    prompts: tuple[str, ...]
    seed: int
    steps: int
    guidance_scale: float
    moments: tuple[Moment, ...]


def load_recording(folder: Path = RECORDING) -> Recording:
    """FileNotFoundError where no training was recorded."""
    stored: dict[str, Any] = json.loads((folder / "recording.json").read_text(encoding="utf-8"))
    prompts = tuple(stored["prompts"])
    moments = [
        Moment(
            step=row["step"],
            seen=row["seen"],
            errors={int(timestep): error for timestep, error in row["errors"].items()},
            images=_cut(folder / strip_name(row["step"]), len(prompts)),
        )
        for row in stored["moments"]
    ]
    return Recording(
        prompts=prompts,
        seed=stored["seed"],
        steps=stored["steps"],
        guidance_scale=stored["guidance_scale"],
        moments=tuple(moments),
    )


def strip_name(step: int) -> str:
    return f"step-{step:06d}.webp"


def strip(images: Sequence[Image.Image]) -> Image.Image:
    """The images of a moment, square and of one size, side by side."""
    side = images[0].width
    joined = Image.new("RGB", (side * len(images), side))
    for place, image in enumerate(images):
        joined.paste(image, (place * side, 0))
    return joined


def _cut(path: Path, count: int) -> tuple[Image.Image, ...]:
    with Image.open(path) as joined:
        side = joined.width // count
        return tuple(joined.convert("RGB").crop((p * side, 0, (p + 1) * side, side)) for p in range(count))
