"""Keeps what a training looks like on the way: pictures of a few prompts and the error at each noise level."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline

from dashboard.pocket.model import build_scheduler
from dashboard.pocket.recording import strip, strip_name
from dashboard.pocket.samples import SEED, SHAPE_PROMPTS, drawn
from dashboard.pocket.train.data import load_world, to_pixels
from dashboard.pocket.train.examples import draw_scenes, unseen_scenes
from dashboard.pocket.world.captions import caption

MOMENTS = 12
PROMPTS = (
    "a photo of a panda in the forest",
    "a photo of an astronaut in space",
    "a red car in the city",
    "a photo of a woman on the beach",
    "a blue cat at the beach",
    "a pencil sketch of a horse",
    "a photo of a poodle on an astronaut",
    "a movie poster of a robot in the city",
    "a tiny owl at night",
    "a pink rabbit next to a yellow crown",
)
TIMESTEPS = (10, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 990)
SCENES = 64
STEPS, GUIDANCE = 20, 5.0


def moments(steps: int) -> frozenset[int]:
    """The steps of a training of `steps` that are recorded: its start, its end, and more early than late."""
    return frozenset({0, *np.geomspace(max(1, steps // 100), steps, MOMENTS - 1).round().astype(int).tolist()})


class Recorder:
    """Writes into `folder`; what an interrupted training recorded there is kept."""

    def __init__(self, folder: Path, world_name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.prompts = SHAPE_PROMPTS if world_name == "shapes" else PROMPTS
        world = load_world(world_name)
        scenes = unseen_scenes(SCENES, world.cast)
        self._captions = [caption(scene, world.cast) for scene in scenes]
        self._pixels = to_pixels(draw_scenes(scenes, world))

    def record(self, pipeline: StableDiffusionPipeline, step: int, seen: int) -> None:
        """Add the moment after `step` updates, in place of one of the same step."""
        images = drawn(pipeline, self.prompts, steps=STEPS, guidance_scale=GUIDANCE)
        strip(images).save(self.folder / strip_name(step), quality=90, method=6)
        row = {"step": step, "seen": seen, "errors": self._errors(pipeline)}
        rows = [kept for kept in self._rows() if kept["step"] < step]
        self._write([*rows, row])

    @torch.no_grad()
    def _errors(self, pipeline: StableDiffusionPipeline) -> dict[int, float]:
        """Mean squared noise error at each timestep, over the same scenes and noise at every moment."""
        device = pipeline.unet.device
        vae = pipeline.vae
        clean = vae.encode(self._pixels.to(device)).latent_dist.mode() * vae.config.scaling_factor
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(SEED)).to(device)
        tokens = pipeline.tokenizer(self._captions, padding="max_length", truncation=True, return_tensors="pt")
        words = pipeline.text_encoder(tokens.input_ids.to(device)).last_hidden_state
        levels = build_scheduler().alphas_cumprod
        errors = {}
        for timestep in TIMESTEPS:
            level = levels[timestep]
            noisy = level.sqrt() * clean + (1 - level).sqrt() * noise
            predicted = pipeline.unet(noisy, timestep, words).sample
            errors[timestep] = round((predicted - noise).square().mean().item(), 5)
        return errors

    def _rows(self) -> list[dict[str, Any]]:
        if not self._file.exists():
            return []
        rows: list[dict[str, Any]] = json.loads(self._file.read_text(encoding="utf-8"))["moments"]
        return rows

    def _write(self, rows: list[dict[str, Any]]) -> None:
        stored = {
            "prompts": self.prompts,
            "seed": SEED,
            "steps": STEPS,
            "guidance_scale": GUIDANCE,
            "moments": rows,
        }
        self._file.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")

    @property
    def _file(self) -> Path:
        return self.folder / "recording.json"
