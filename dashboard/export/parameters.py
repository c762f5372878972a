"""AUTOMATIC1111's `parameters` text: the convention in which image tools write an image's settings.

The shape, from that project's `modules/infotext_utils.py`:

    prompt, any number of lines
    Negative prompt: any number of lines
    Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 42, Size: 64x64, Model hash: 0a1b2c3d4e, Model: pocket

A value that holds a comma, a colon or a line break is written as a JSON string.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from dashboard.engine import SCHEDULERS, ImageRequest, ImageResult

Number = TypeVar("Number", int, float)

MAX_CHARACTERS = 100_000
NEGATIVE = "Negative prompt:"
EXACT_PROMPT = "Exact prompt"  # our own field, written only where the convention loses something of the prompt
EXACT_NEGATIVE = "Exact negative prompt"
PRECISION = "Precision"  # ours as well: a dtype that was asked for

SAMPLERS = {  # ours -> AUTOMATIC1111's
    "pndm": "PLMS",
    "ddim": "DDIM",
    "euler": "Euler",
    "euler-ancestral": "Euler a",
    "dpm++2m": "DPM++ 2M",
    "unipc": "UniPC",
    "heun": "Heun",
    "lms": "LMS",
    "lcm": "LCM",
    "ddim-trailing": "DDIM trailing",  # it has no such name; how it spaces DDIM is a setting of its own there
}
# Bounded keys keep the search linear on hostile text.
_FIELD = re.compile(r'\s*(\w[\w \-/]{0,60}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
# How a sampler spaces its noise levels is not ours to set: the suffix is dropped.
_SPACING = re.compile(r" (karras|exponential|sgm uniform|uniform|simple|normal|automatic)$")


def parameters_text(result: ImageResult) -> str:
    """The `parameters` text of an image. `parse_parameters` gives its request back, with sizes and without latents."""
    request = result.request
    values: dict[str, object] = {
        "Steps": request.num_inference_steps,
        "Sampler": SAMPLERS[request.scheduler],
        "CFG scale": f"{request.guidance_scale!r}".removesuffix(".0"),
        "Seed": request.seed,
        "Size": f"{result.width}x{result.height}",
        "Model hash": result.weights_sha256[:10],
        "Model": request.model,
    }
    if request.dtype != "default":
        values[PRECISION] = request.dtype
    head = request.prompt
    if request.negative_prompt:
        head += f"\n{NEGATIVE} {request.negative_prompt}"
    prompt, negative = _prompts(head.split("\n"))
    if prompt != request.prompt:
        values[EXACT_PROMPT] = json.dumps(request.prompt)
    if negative != request.negative_prompt:
        values[EXACT_NEGATIVE] = json.dumps(request.negative_prompt)
    return head + "\n" + ", ".join(f"{key}: {_quoted(key, value)}" for key, value in values.items())


def parse_parameters(text: str) -> ImageRequest:
    """Read settings that were written here or by AUTOMATIC1111. Best effort: fields that we cannot honour are left out.

    Raises ValueError with a sentence where there are no settings, or where one of them is outside our limits.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError("This text is far too long to be an image's settings.")
    lines = text.replace("\r\n", "\n").strip().split("\n")
    at = _settings_line(lines)
    values = {key: _unquoted(value) for key, value in _FIELD.findall(lines[at])}
    prompt, negative = _prompts(lines[:at])
    changes: dict[str, Any] = {
        "prompt": values.get(EXACT_PROMPT, prompt),
        "negative_prompt": values.get(EXACT_NEGATIVE, negative),
        "num_inference_steps": _number(values, "Steps", int),
        "guidance_scale": _number(values, "CFG scale", float),
        "seed": _number(values, "Seed", int),
        "scheduler": _scheduler(values.get("Sampler")),
        "model": values.get("Model"),
        "dtype": values.get(PRECISION),
        **_size(values.get("Size")),
    }
    return ImageRequest(**{name: value for name, value in changes.items() if value is not None})


def _settings_line(lines: list[str]) -> int:
    """The last line that begins with its steps, or else the last line if it looks like settings."""
    for at in range(len(lines) - 1, -1, -1):
        if re.match(r"\s*Steps:\s*\d", lines[at]) and len(_FIELD.findall(lines[at])) >= 3:
            return at
    if len(_FIELD.findall(lines[-1])) >= 3:
        return len(lines) - 1
    raise ValueError(
        'No settings were found in this text: it needs a line such as "Steps: 20, Sampler: DDIM, Seed: 1".'
    )


def _prompts(lines: list[str]) -> tuple[str, str]:
    """Prompt and negative prompt, read as AUTOMATIC1111 reads them: lines trimmed, the marker begins a line."""
    trimmed = [line.strip() for line in lines]
    at = next((i for i, line in enumerate(trimmed) if line.startswith(NEGATIVE)), len(trimmed))
    negative = trimmed[at:]
    negative[:1] = [line.removeprefix(NEGATIVE).strip() for line in negative[:1]]
    return "\n".join(trimmed[:at]).strip(), "\n".join(negative).strip()


def _quoted(key: str, value: object) -> str:
    text = str(value)
    plain = key in (EXACT_PROMPT, EXACT_NEGATIVE) or not set(text) & set(',:\n"')
    return text if plain else json.dumps(text)


def _unquoted(value: str) -> str:
    value = value.strip()
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value


def _number(values: dict[str, str], key: str, kind: type[Number]) -> Number | None:
    if key not in values:
        return None
    try:
        return kind(values[key])
    except ValueError:
        raise ValueError(f"{key} must be a number, not {values[key][:40]!r}.") from None


def _scheduler(sampler: str | None) -> str | None:
    if sampler is None:
        return None
    wanted = _SPACING.sub("", sampler.strip().lower())
    for key, info in SCHEDULERS.items():
        if wanted in (key, info.label.lower(), SAMPLERS[key].lower()):
            return key
    raise ValueError(f"The sampler {sampler[:40]!r} is not one of those here: {', '.join(SAMPLERS.values())}.")


def _size(size: str | None) -> dict[str, int]:
    if size is None:
        return {}
    match = re.fullmatch(r"(\d{1,6})\s*x\s*(\d{1,6})", size)
    if not match:
        raise ValueError(f"Size must look like 64x64, not {size[:40]!r}.")
    return {"width": int(match[1]), "height": int(match[2])}
