"""Which models this server knows: Pocket, what the operator lists, and Stable Diffusion v1.4 where there is a GPU."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

POCKET = "pocket"
DEFAULT_HUB_MODEL = "CompVis/stable-diffusion-v1-4@133a221b8aa7292a167afc5127cb63fb5005638b"


@dataclass(frozen=True, kw_only=True)
class About:
    """What people should know of a model; a folder does not say it."""

    name: str
    licence: str
    what_it_is: str
    what_it_is_not: str
    default_steps: int = 50
    default_guidance_scale: float = 7.5


_STABLE_DIFFUSION_1_4 = About(
    name="Stable Diffusion v1.4",
    licence="CreativeML OpenRAIL-M",
    what_it_is="A latent diffusion model trained on hundreds of millions of captioned pictures from the web.",
    what_it_is_not="It is no source of facts, and it repeats the biases of the web's pictures and captions.",
)
ABOUT: Mapping[str, About] = MappingProxyType(
    {
        POCKET: About(
            name="Pocket",
            licence="Apache-2.0",
            what_it_is="A small latent diffusion model that this project trained on scenes it drew itself.",
            what_it_is_not="It is not Stable Diffusion, and it knows no word and no thing beyond its pocket world.",
            default_steps=20,
            default_guidance_scale=5.0,
        ),
        "CompVis/stable-diffusion-v1-4": _STABLE_DIFFUSION_1_4,
    }
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One model as the operator lists it: a folder, or a hub repository at a pinned revision."""

    id: str
    folder: Path | None = None
    repository: str = ""
    revision: str = ""

    @property
    def shown(self) -> str:
        """Folder or hub id, as diffusers' `from_pretrained` takes it."""
        return str(self.folder) if self.folder else self.repository

    @property
    def about(self) -> About:
        known = ABOUT.get(self.id) or ABOUT.get(self.repository)
        return known or About(
            name=self.id,
            licence="as its owner says",
            what_it_is=f"A Stable Diffusion 1.x model that this server's operator added from {Path(self.shown).name}.",
            what_it_is_not="This project did not train it and cannot say what it has seen.",
        )


def parse_source(text: str) -> Source:
    """Read one entry of the operator's list: `[id=]folder` or `[id=]owner/name@revision`.

    ValueError with one sentence for anything else.
    """
    name, _, place = text.rpartition("=")
    repository, _, revision = place.partition("@")
    if re.fullmatch(r"[\w.-]+/[\w.-]+", repository) and not Path(place).expanduser().exists():
        if not revision:
            raise ValueError(f'The model {repository} needs a pinned revision: write "{repository}@" and the commit.')
        return Source(id=name or repository.split("/")[1], repository=repository, revision=revision)
    if not place:
        raise ValueError("A listed model has neither a folder nor a hub id.")
    folder = Path(place).expanduser()
    return Source(id=name or folder.name, folder=folder)


def list_sources(pocket: Path, listed: Sequence[str], *, gpu: bool) -> tuple[Source, ...]:
    """Every model of this server, Pocket first. ValueError for an entry that cannot be read or an id used twice."""
    sources = [Source(id=POCKET, folder=pocket), *(parse_source(entry) for entry in listed)]
    default = parse_source(DEFAULT_HUB_MODEL)
    if gpu and all(source.repository != default.repository for source in sources):
        sources.append(default)
    ids = [source.id for source in sources]
    twice = next((i for i in ids if ids.count(i) > 1), None)
    if twice is not None:
        raise ValueError(f"Two listed models are called {twice!r}: name one of them with another id, as id=folder.")
    return tuple(sources)
