"""What people should know of the models that this project knows by name; a folder of weights does not say it.

Sizes are those of the 16-bit files, text encoders, U-Net, VAE and safety checker together, to a tenth of a gigabyte.
A revision stands here where it is known for certain; others are pinned at their first download (`pins`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

POCKET = "pocket"
POCKET_FAST = "pocket-fast"
OURS = frozenset({POCKET, POCKET_FAST})  # the models of the pocket world, trained by this project; small ones
EVERY_LESSON = "every lesson"
FEW_STEPS = "lessons on prompts and seeds; at so few steps, steps and schedulers show little, and guidance is off"


@dataclass(frozen=True, kw_only=True)
class About:
    """One model's card, in a few words."""

    name: str
    licence: str
    restrictions: str  # a sentence: what the licence forbids; it binds whoever uses the model
    what_it_is: str  # a sentence
    what_it_is_not: str  # a sentence
    suits: str = EVERY_LESSON
    default_steps: int = 50
    default_guidance_scale: float = 7.5
    default_scheduler: str = "pndm"
    distilled: bool = False  # it learned to draw in so few steps and without guidance, from a model that needs more
    native_size: int = 512  # pixels a side
    download_gb: float | None = None  # gigabytes; None: nothing is downloaded
    memory_gb: float | None = None  # gigabytes on a graphics card at 16 bit, one image a time; about
    revision: str = ""  # commit

    @property
    def settings(self) -> dict[str, Any]:
        """The model's own steps, guidance and scheduler, by the names of a request's fields."""
        return {
            "num_inference_steps": self.default_steps,
            "guidance_scale": self.default_guidance_scale,
            "scheduler": self.default_scheduler,
        }


_OPENRAIL_USE = (
    "The licence's use restrictions pass on to everyone who uses the model: nothing unlawful, nothing that harms or "
    "deceives people, no medical or legal advice; its attachment A lists them."
)
_STABILITY_USE = (
    "Research and other non-commercial use only, within Stability AI's acceptable use policy; commercial use needs "
    "its membership."
)
_WEB_NOT = "It is no source of facts, and it repeats the biases of the web's pictures and captions."
_OPENRAIL = "CreativeML OpenRAIL-M"
_STABILITY = "Stability AI Non-Commercial Research Community License"

CATALOGUE: Mapping[str, About] = MappingProxyType(  # by id or hub repository
    {
        POCKET: About(
            name="Pocket",
            licence="Apache-2.0",
            restrictions="None beyond the licence.",
            what_it_is="A small latent diffusion model that this project trained on scenes it drew itself.",
            what_it_is_not="It is not Stable Diffusion, and it knows no word and no thing beyond its pocket world.",
            default_steps=20,
            default_guidance_scale=5.0,
            default_scheduler="ddim",
            native_size=64,
        ),
        POCKET_FAST: About(
            name="Pocket Fast",
            licence="Apache-2.0",
            restrictions="None beyond the licence.",
            what_it_is="Pocket distilled by this project to draw in four steps, with a guidance of 5 built in.",
            what_it_is_not="Its pictures are not Pocket's, nor Stable Diffusion's, and it knows no more than Pocket.",
            suits=FEW_STEPS,
            distilled=True,
            default_steps=4,
            default_guidance_scale=1.0,
            default_scheduler="ddim-trailing",
            native_size=64,
        ),
        "CompVis/stable-diffusion-v1-4": About(
            name="Stable Diffusion v1.4",
            licence=_OPENRAIL,
            restrictions=_OPENRAIL_USE,
            what_it_is="A latent diffusion model trained on hundreds of millions of captioned pictures from the web.",
            what_it_is_not=_WEB_NOT,
            download_gb=2.7,
            memory_gb=4.0,
            revision="133a221b8aa7292a167afc5127cb63fb5005638b",
        ),
        "stable-diffusion-v1-5/stable-diffusion-v1-5": About(
            name="Stable Diffusion v1.5",
            licence=_OPENRAIL,
            restrictions=_OPENRAIL_USE,
            what_it_is="Stable Diffusion v1.2 trained further than v1.4, on the same kind of web pictures.",
            what_it_is_not=_WEB_NOT,
            download_gb=2.7,
            memory_gb=4.0,
            revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
        ),
        "stabilityai/sd-turbo": About(
            name="SD-Turbo",
            licence=_STABILITY,
            restrictions=_STABILITY_USE,
            what_it_is="Stable Diffusion 2.1 distilled to draw in one to four steps without guidance.",
            what_it_is_not=f"It has no safety checker and reads no negative prompt. {_WEB_NOT}",
            suits=FEW_STEPS,
            distilled=True,
            default_steps=1,
            default_guidance_scale=0.0,
            default_scheduler="euler",
            download_gb=2.6,
            memory_gb=4.0,
            revision="b261bac6fd2cf515557d5d0707481eafa0485ec2",
        ),
        "stabilityai/sdxl-turbo": About(
            name="SDXL-Turbo",
            licence=_STABILITY,
            restrictions=_STABILITY_USE,
            what_it_is="SDXL distilled to draw in one to four steps without guidance, at 512 pixels.",
            what_it_is_not=f"It has no safety checker and reads no negative prompt. {_WEB_NOT}",
            suits=FEW_STEPS,
            distilled=True,
            default_steps=1,
            default_guidance_scale=0.0,
            default_scheduler="euler-ancestral",
            download_gb=6.9,
            memory_gb=9.0,
            revision="71153311d3dbb46851df1931d3ca6e939de83304",
        ),
        "stabilityai/stable-diffusion-xl-base-1.0": About(
            name="Stable Diffusion XL base 1.0",
            licence="CreativeML Open RAIL++-M",
            restrictions=_OPENRAIL_USE,
            what_it_is="A latent diffusion model three times as large as v1, with two text encoders, for 1,024 pixels.",
            what_it_is_not=f"It has no safety checker. {_WEB_NOT}",
            default_guidance_scale=5.0,
            default_scheduler="euler",
            native_size=1024,
            download_gb=6.9,
            memory_gb=11.0,
            revision="462165984030d82259a11f4367a4eed129e94a7b",
        ),
        "latent-consistency/lcm-lora-sdv1-5": About(
            name="LCM-LoRA",
            licence="CreativeML Open RAIL++-M",
            restrictions=_OPENRAIL_USE,
            what_it_is="Changes to Stable Diffusion v1's weights that let it draw in two to eight steps.",
            what_it_is_not=f"Its pictures are another model's: they are not those of the model it changes. {_WEB_NOT}",
            suits=FEW_STEPS,
            distilled=True,
            default_steps=4,
            default_guidance_scale=1.0,
            default_scheduler="lcm",
            download_gb=0.2,
        ),
    }
)


def about_unlisted(name: str, place: str) -> About:
    """The card of a model that only its operator knows."""
    return About(
        name=name,
        licence="as its owner says",
        restrictions="Ask whoever runs this server.",
        what_it_is=f"A Stable Diffusion model that this server's operator added from {place}.",
        what_it_is_not="This project did not train it and cannot say what it has seen.",
    )
