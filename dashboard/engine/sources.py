"""Which models this server knows: Pocket and Pocket Fast, what the operator lists, Stable Diffusion v1.4 on a GPU."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dashboard.engine.catalogue import CATALOGUE, POCKET, POCKET_FAST, About, about_unlisted
from dashboard.engine.hub import LORA_FILE

DEFAULT_HUB_MODEL = "CompVis/stable-diffusion-v1-4"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_BY_SHORT_NAME = {repository.split("/")[1]: repository for repository in CATALOGUE if "/" in repository}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where weights are: a folder or file, or a hub repository, at a commit or at what its first download finds."""

    path: Path | None = None
    configs: Path | None = None  # for one file of weights: the folder of a model of its kind
    repository: str = ""
    revision: str = ""  # empty: pinned at the first download

    @property
    def shown(self) -> str:
        """Path or hub id, as diffusers' `from_pretrained` takes it."""
        return str(self.path) if self.path else self.repository

    @property
    def name(self) -> str:
        return self.path.stem if self.path else self.repository.split("/")[1]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One model as the operator lists it."""

    id: str
    place: Place
    lora: Place | None = None  # changes to the weights, added when they are loaded

    @property
    def shown(self) -> str:
        return self.place.shown

    @property
    def about(self) -> About:
        if self.id == POCKET_FAST:
            return CATALOGUE[POCKET_FAST]
        base = CATALOGUE.get(self.place.repository)
        if self.place.path is not None:  # whoever gives a folder a known model's name gives it that model's card
            base = CATALOGUE.get(_BY_SHORT_NAME.get(self.id, self.id))
        base = base or about_unlisted(self.id, Path(self.shown).name)
        if self.lora is None:
            return base
        change = CATALOGUE.get(self.lora.repository) or about_unlisted(self.lora.name, self.lora.name)
        return replace(
            change,
            name=f"{base.name} with {change.name}",
            licence=" and ".join(dict.fromkeys((base.licence, change.licence))),
            restrictions=" ".join(dict.fromkeys((base.restrictions, change.restrictions))),
            native_size=base.native_size,
            download_gb=(base.download_gb or 0) + (change.download_gb or 0) or None,
            memory_gb=base.memory_gb,
        )


def parse_source(text: str) -> Source:
    """Read one entry of the operator's list: `[id=]place`, or `[id=]place|place of a LoRA`.

    A place is a folder, `file.safetensors@folder` (one file of weights, and the folder of a model of its kind for
    configs and tokenizer), `owner/name`, `owner/name@commit`, or the short name of a model of the catalogue.
    ValueError with one sentence for anything else.
    """
    name, _, places = text.rpartition("=")
    base, bar, change = places.partition("|")
    if not base.strip() or (bar and not change.strip()):
        raise ValueError("A listed model has neither a folder nor a hub id.")
    place = _place(base.strip())
    lora = _place(change.strip()) if change else None
    own = f"{place.name}-{lora.name}" if lora else place.name
    return Source(id=name.strip() or own, place=place, lora=lora)


def list_sources(pocket: Path, listed: Sequence[str], *, gpu: bool) -> tuple[Source, ...]:
    """Every model of this server, Pocket first. ValueError for an entry that cannot be read or an id used twice."""
    fast = Place(path=pocket.parent / "fast" / LORA_FILE)
    ours = [Source(id=POCKET, place=Place(path=pocket)), Source(id=POCKET_FAST, place=Place(path=pocket), lora=fast)]
    sources = [*ours, *(parse_source(entry) for entry in listed)]
    if gpu and all(source.place.repository != DEFAULT_HUB_MODEL for source in sources):
        sources.append(parse_source(DEFAULT_HUB_MODEL))
    ids = [source.id for source in sources]
    twice = next((i for i in ids if ids.count(i) > 1), None)
    if twice is not None:
        raise ValueError(f"Two listed models are called {twice!r}: name one of them with another id, as id=folder.")
    return tuple(sources)


def _place(text: str) -> Place:
    path = Path(text).expanduser()
    if path.exists():
        return Place(path=path)
    file, at_folder, configs = text.partition(".safetensors@")
    if at_folder:
        return Place(path=Path(f"{file}.safetensors").expanduser(), configs=Path(configs).expanduser())
    repository, _, revision = text.partition("@")
    repository = _BY_SHORT_NAME.get(repository, repository)
    if not _REPOSITORY.fullmatch(repository):
        return Place(path=path)
    known = CATALOGUE.get(repository)
    return Place(repository=repository, revision=revision or (known.revision if known else ""))
