"""What an image is called: a file name that is safe anywhere, and a sentence for those who cannot see it."""

from __future__ import annotations

import re

from dashboard.engine import SCHEDULERS, ImageRequest, ImageResult
from dashboard.engine.catalogue import CATALOGUE, OURS, POCKET

_OUR_CREDIT = "Made with {}, a small teaching model - not Stable Diffusion"
POCKET_CREDIT = _OUR_CREDIT.format(CATALOGUE[POCKET].name)


def file_name(result: ImageResult) -> str:
    """For example "pocket-seed42-steps20-g7.5-1a2b3c4d.png".

    Never a word of the prompt: prompts hold separators, NULs and 2,000 characters, and learners share prompts. The hash
    of the pixels keeps different images apart.
    """
    request = result.request
    model = re.sub(r"[^a-z0-9]+", "-", request.model.rsplit("/", 1)[-1].lower()).strip("-")[:40] or "model"
    settings = f"seed{request.seed}-steps{request.num_inference_steps}-g{request.guidance_scale:g}"
    return f"{model}-{settings}-{result.sha256[:8]}.png"


def alt_text(request: ImageRequest, model_name: str | None = None) -> str:
    """For example "Pocket: 'a poodle', seed 42, 20 steps, guidance 7.5, PNDM"."""
    name = model_name or (CATALOGUE[request.model].name if request.model in OURS else request.model)
    steps = "1 step" if request.num_inference_steps == 1 else f"{request.num_inference_steps} steps"
    noise = "own initial noise" if request.latents else f"seed {request.seed}"
    parts = [f"{name}: '{request.prompt}'", noise, steps, f"guidance {request.guidance_scale:g}"]
    parts.append(SCHEDULERS[request.scheduler].label)
    if request.negative_prompt:
        parts.append(f"negative prompt '{request.negative_prompt}'")
    return ", ".join(parts)


def cell_caption(result: ImageResult) -> str:
    """The small print of one cell, for example "1.25 s · seed 42"; without the seed where the noise was given."""
    seconds = f"{result.seconds:.2f} s"
    return seconds if result.request.latents else f"{seconds} · seed {result.request.seed}"


def credit(model_id: str, model_name: str) -> str:
    """The line under every sheet that says which model made it."""
    return _OUR_CREDIT.format(CATALOGUE[model_id].name) if model_id in OURS else f"Made with {model_name}"
