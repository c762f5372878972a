"""The stand-alone script that draws one image with nothing but torch and diffusers."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.engine import SCHEDULERS, ImageRequest, Latents, LearnedWord
from dashboard.engine.catalogue import POCKET, POCKET_FAST
from dashboard.export.names import alt_text

PIPELINE = "StableDiffusionPipeline"
POCKET_FOLDER, FAST_FOLDER = "dashboard/pocket/weights", "dashboard/pocket/fast"  # in a clone of this project

_SCRIPT = """\
# {title}
# The same image as the dashboard's, up to rounding: same weights, same noise, same scheduler.
{imports}

device = "cuda" if torch.cuda.is_available() else "cpu"
dtype = {dtype}
pipe = {pipeline}.{load}(
    {source!r},
    torch_dtype=dtype,
{safety}).to(device)
{lora}pipe.scheduler = {scheduler}.from_config(pipe.scheduler.config{options})

{words}{noise}
{latents}

image = pipe(
    prompt={prompt!r},
    negative_prompt={negative_prompt!r},
    num_inference_steps={steps},
    guidance_scale={guidance!r},
    height=height,
    width=width,
    latents=latents.to(dtype),
    generator=generator,  # the noise of schedulers that draw more at each step
).images[0]
image.save("image.png")
"""

_WORD = """\
# A word taught after training (textual inversion): its one vector joins the text encoder's table.
learned = base64.b64decode(
{lines}
)
vector = np.frombuffer(learned, dtype="<f4")
pipe.load_textual_inversion({{{token!r}: torch.from_numpy(vector.copy())}})

"""

_SEEDED = """\
factor = pipe.vae_scale_factor  # pixels to one latent
{size}
shape = (1, pipe.unet.config.in_channels, height // factor, width // factor)
latents = torch.randn(shape, generator=generator, device=generator.device)"""

_NOISE = {
    "cpu": """\
# The noise comes from the CPU, in float32, so that a seed means the same on every device.
generator = torch.Generator("cpu").manual_seed({seed})""",
    "model": """\
# The noise comes from the device: the same seed gives other noise on another kind of device.
generator = torch.Generator(device).manual_seed({seed})""",
}

_GIVEN = """\
factor = pipe.vae_scale_factor  # pixels to one latent
noise = base64.b64decode(
{lines}
)
latents = torch.from_numpy(np.frombuffer(noise, dtype="<f4").reshape({shape}).copy())
height, width = latents.shape[2] * factor, latents.shape[3] * factor"""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a script finds a model, and what it loads it with."""

    source: str  # folder, hub id, or one file of weights
    pipeline: str = PIPELINE  # in diffusers
    lora: str = ""  # folder or hub id of changes to its weights

    @property
    def load(self) -> str:
        """The pipeline's method that loads it."""
        return "from_single_file" if self.one_file else "from_pretrained"

    @property
    def one_file(self) -> bool:
        return self.source.endswith(".safetensors")


_OURS = {
    POCKET: Origin(source=POCKET_FOLDER),
    POCKET_FAST: Origin(source=POCKET_FOLDER, lora=FAST_FOLDER),
}


def diffusers_code(request: ImageRequest, origin: Origin | str | None = None) -> str:
    """A script for exactly this image. `origin`: the model's, or its folder or hub id, where its id is neither."""
    scheduler, known = SCHEDULERS[request.scheduler].class_name, _origin(request, origin)
    imports = ["import torch", f"from diffusers import {', '.join(sorted([known.pipeline, scheduler]))}"]
    if request.latents is not None or request.learned_words:
        imports = ["import base64", "", "import numpy as np", *imports]
    return _SCRIPT.format(
        title=" ".join(alt_text(request).split()),  # a line break would end the comment
        imports="\n".join(imports),
        dtype=_dtype(request.dtype),
        pipeline=known.pipeline,
        load=known.load,
        source=known.source,
        safety=_safety(known, "    "),
        lora=_lora(known, ""),
        noise=_NOISE[request.noise_device].format(seed=request.seed),
        scheduler=scheduler,
        options=_options(request.scheduler),
        words="".join(_word(word) for word in request.learned_words),
        latents=_given(request.latents) if request.latents is not None else _seeded(request),
        prompt=request.prompt,
        negative_prompt=_negative(request),
        steps=request.num_inference_steps,
        guidance=request.guidance_scale,
    )


_GRID_SETUP = """\
{imports}

device = "cuda" if torch.cuda.is_available() else "cpu"


@cache
def load(dtype{words}):
    pipe = {pipeline}.{load}(
        {source!r},
        torch_dtype=dtype,
{safety}    ).to(device)
{lora}{teach}    return pipe, pipe.scheduler.config  # as the model came: each image's scheduler is made from it anew


def draw(prompt, negative_prompt, seed, steps, guidance, scheduler, dtype, height, width, noise{words}):
    pipe, config = load(dtype{words})
    pipe.scheduler = scheduler(config)
    factor = pipe.vae_scale_factor  # pixels to one latent
    height = height or pipe.unet.config.sample_size * factor
    width = width or pipe.unet.config.sample_size * factor
    # With "cpu", a seed means the same on every device.
    generator = torch.Generator({noise_device}).manual_seed(seed)
    shape = (1, pipe.unet.config.in_channels, height // factor, width // factor)
    latents = torch.randn(shape, generator=generator, device=generator.device)
    if noise is not None:
        latents = torch.from_numpy(np.frombuffer(base64.b64decode(noise), dtype="<f4").reshape(shape).copy())
    return pipe(
        prompt=prompt,
        negative_prompt=negative_prompt,
        num_inference_steps=steps,
        guidance_scale=guidance,
        height=height,
        width=width,
        latents=latents.to(dtype),
        generator=generator,  # the noise of schedulers that draw more at each step
    ).images[0]
"""


_TEACH = """\
    for token, learned in words:  # taught after training (textual inversion): one vector each
        vector = np.frombuffer(base64.b64decode(learned), dtype="<f4")
        pipe.load_textual_inversion({token: torch.from_numpy(vector.copy())})
"""


def grid_code(requests: Sequence[ImageRequest], origin: Origin | str | None = None) -> tuple[str, str]:
    """Code for all of these images in their order, in two parts: what prepares, and what draws `images`.

    `origin`: as for `diffusers_code`. ValueError for no request, or for requests to several models or noise devices.
    """
    if len({(request.model, request.noise_device) for request in requests}) != 1:
        raise ValueError("A script draws with one model, and its noise in one place.")
    known = _origin(requests[0], origin)
    taught = any(request.learned_words for request in requests)
    classes = sorted({known.pipeline, *(SCHEDULERS[r.scheduler].class_name for r in requests)})
    partly = ", partial" if any(SCHEDULERS[request.scheduler].options for request in requests) else ""
    lines = ["import base64", f"from functools import cache{partly}", "", "import numpy as np", "import torch"]
    setup = _GRID_SETUP.format(
        imports="\n".join([*lines, f"from diffusers import {', '.join(classes)}"]),
        pipeline=known.pipeline,
        load=known.load,
        source=known.source,
        safety=_safety(known, "        "),
        lora=_lora(known, "    "),
        noise_device="device" if requests[0].noise_device == "model" else '"cpu"',
        words=", words" if taught else "",
        teach=_TEACH if taught else "",
    )
    calls = "\n".join(f"    draw({_arguments(request, taught=taught)})," for request in requests)
    return setup, f"images = [\n{calls}\n]\n"


def _arguments(request: ImageRequest, *, taught: bool) -> str:
    words = tuple((word.token, base64.b64encode(word.data).decode("ascii")) for word in request.learned_words)
    noise = repr(base64.b64encode(request.latents.data).decode("ascii")) if request.latents is not None else "None"
    values = (
        repr(request.prompt),
        repr(_negative(request)),
        repr(request.seed),
        repr(request.num_inference_steps),
        repr(request.guidance_scale),
        _made(request.scheduler),
        _dtype(request.dtype),
        repr(request.height),
        repr(request.width),
        noise,
        *([repr(words)] if taught else []),
    )
    return ", ".join(values)


def _made(scheduler: str) -> str:
    """What makes the scheduler from a config."""
    made, options = f"{SCHEDULERS[scheduler].class_name}.from_config", _options(scheduler)
    return f"partial({made}{options})" if options else made


def _options(scheduler: str) -> str:
    """What is set in place of the model's own, as further arguments."""
    return "".join(f", {name}={value!r}" for name, value in SCHEDULERS[scheduler].options.items())


def _origin(request: ImageRequest, origin: Origin | str | None) -> Origin:
    if isinstance(origin, Origin):
        return origin
    return Origin(source=origin) if origin else _OURS.get(request.model) or Origin(source=request.model)


def _safety(origin: Origin, indent: str) -> str:
    """Safetensors only, as a single file is anyway; and no safety checker, which XL's pipeline does not know."""
    lines = [] if origin.one_file else ["use_safetensors=True,"]
    if origin.pipeline == PIPELINE:
        lines += ["safety_checker=None,", "requires_safety_checker=False,"]
    return "".join(f"{indent}{line}\n" for line in lines)


def _lora(origin: Origin, indent: str) -> str:
    if not origin.lora:
        return ""
    return f"{indent}pipe.load_lora_weights({origin.lora!r})  # needs the package peft\n{indent}pipe.fuse_lora()\n"


def _negative(request: ImageRequest) -> str | None:
    """None where it is empty: to XL's pipeline that is not the same as an empty text."""
    return request.negative_prompt or None


def _dtype(dtype: str) -> str:
    if dtype == "default":
        return 'torch.float16 if device == "cuda" else torch.float32'
    return f"torch.{dtype}"


def _seeded(request: ImageRequest) -> str:
    native = "pipe.unet.config.sample_size * factor"
    if request.height is None and request.width is None:
        return _SEEDED.format(size=f"height = width = {native}")
    return _SEEDED.format(size=f"height = {request.height or native}\nwidth = {request.width or native}")


def _word(word: LearnedWord) -> str:
    return _WORD.format(lines=_lines(word.data), token=word.token)


def _given(latents: Latents) -> str:
    return _GIVEN.format(lines=_lines(latents.data), shape=latents.shape)


def _lines(data: bytes) -> str:
    text = base64.b64encode(data).decode("ascii")
    return "\n".join(f'    "{text[start : start + 100]}"' for start in range(0, len(text), 100))
