"""Models on the Hugging Face hub: is one here already, may it be fetched, fetch it. Pinned revisions only.

Whole files that are here already are kept, so a download that broke off goes on with the files it lacks.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.engine.errors import ModelUnavailable
from dashboard.engine.folders import FAMILIES, SAFETY, Layout

WEIGHT_ENDINGS = (".safetensors", ".safetensors.index.json")
LORA_FILE = "pytorch_lora_weights.safetensors"
ROOM_LEFT = 1_000_000_000  # bytes that must stay free beside a download


@dataclass(frozen=True)
class Download:
    """A download on its way; its files grow in the hub's cache."""

    repository: str
    total: int  # bytes that were missing when it began
    before: int  # bytes that were there

    @property
    def done(self) -> int:
        """Bytes that have come so far."""
        return min(self.total, max(0, _bytes_in(cache_folder(self.repository)) - self.before))


def cached_folder(repository: str, revision: str, *, variant: str | None) -> Path | None:
    """The downloaded snapshot, if its weights are all here. Never goes to the network."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, "model_index.json", revision=revision)
    if not isinstance(found, str):
        return None
    folder = Path(found).parent
    whole = any(
        all(_has_weights(folder / part, _stem(stem, variant)) for part, stem in family.weights.items())
        for family in FAMILIES
    )
    return folder if whole else None


def cached_lora(repository: str, revision: str) -> Path | None:
    """The downloaded LoRA file. Never goes to the network."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, LORA_FILE, revision=revision)
    return Path(found) if isinstance(found, str) else None


def cache_folder(repository: str) -> Path:
    """Where the hub's library keeps this repository."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"


def offline() -> bool:
    """Whether the operator forbade the network (HF_HUB_OFFLINE)."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def commit_of(path: Path) -> str:
    """The commit of a file or folder in the hub's cache: .../snapshots/<commit>/..."""
    parts = path.parts
    return parts[parts.index("snapshots") + 1] if "snapshots" in parts else ""


def resolve(repository: str) -> str:
    """The newest commit. `ModelUnavailable`."""
    from huggingface_hub import HfApi

    try:
        return str(HfApi().model_info(repository).sha)
    except Exception as error:  # whatever the network or the hub's library raises, people get one sentence
        raise _refused(repository, error) from error


def missing(repository: str, commit: str, wanted: Sequence[str]) -> int:
    """Bytes of the wanted files that are not here. `ModelUnavailable`, also where the disk cannot hold them."""
    from huggingface_hub import snapshot_download

    try:
        files: Any = snapshot_download(repository, revision=commit, allow_patterns=list(wanted), dry_run=True)
    except Exception as error:  # as above
        raise _refused(repository, error) from error
    size = sum(file.file_size or 0 for file in files if file.will_download)
    free = _free_bytes(cache_folder(repository))
    if size + ROOM_LEFT > free:
        raise ModelUnavailable(
            f"{repository} needs {_gigabytes(size)} GB of disk, and {_gigabytes(max(0, free - ROOM_LEFT))} GB are free."
        )
    return size


def fetch(repository: str, commit: str, wanted: Sequence[str]) -> None:
    """Download the wanted files, gigabytes; `ModelUnavailable` with one sentence if that fails."""
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(repository, revision=commit, allow_patterns=list(wanted))
    except Exception as error:  # as above
        raise _refused(repository, error) from error


def begin(repository: str, commit: str, wanted: Sequence[str]) -> Download:
    """What a download of these files is about to bring. `ModelUnavailable`."""
    return Download(repository, total=missing(repository, commit, wanted), before=_bytes_in(cache_folder(repository)))


def wanted_files(variant: str | None) -> list[str]:
    """What is fetched of a repository: configs, tokenizers and safetensors weights, of every family of models."""
    layouts: list[Layout] = [*FAMILIES, SAFETY]
    names = ["model_index.json"]
    for layout in layouts:
        names += [f"{part}/{name}" for part, name in layout.configs.items()]
        names += [f"{part}/{name}" for part in layout.tokenizers for name in layout.tokenizer_files]
        endings = (".safetensors", "-0*.safetensors", ".safetensors.index.json")
        names += [f"{part}/{_stem(stem, variant)}{end}" for part, stem in layout.weights.items() for end in endings]
    return list(dict.fromkeys(names))


def _refused(repository: str, error: Exception) -> ModelUnavailable:
    """Why the hub did not give it, as one sentence that says what to do."""
    from huggingface_hub import errors

    match error:
        case errors.GatedRepoError():
            why = (
                f"its licence must be accepted first: do so at https://huggingface.co/{repository}, "
                "and set HF_TOKEN to a token of that account"
            )
        case errors.RevisionNotFoundError():
            why = "the hub has no such revision of it"
        case errors.RepositoryNotFoundError():
            why = "the hub has no such model, or shows it only to those who set HF_TOKEN"
        case errors.DisabledRepoError():
            why = "the hub has disabled it"
        case errors.HfHubHTTPError():
            status = error.response.status_code
            if status in (401, 403):
                why = "the hub asks for a token: set HF_TOKEN to one that may read it"
            else:
                why = f"the hub answered with error {status}; try again later"
        case OSError() if error.errno == errno.ENOSPC:
            why = "the disk is full"
        case PermissionError():
            why = f"{cache_folder(repository).parent} cannot be written"
        case _:
            why = "the hub cannot be reached from here"
    return ModelUnavailable(f"{repository} could not be downloaded: {why}.")


def _has_weights(folder: Path, stem: str) -> bool:
    return any((folder / f"{stem}{end}").is_file() for end in WEIGHT_ENDINGS)


def _stem(stem: str, variant: str | None) -> str:
    return f"{stem}.{variant}" if variant else stem


def _bytes_in(folder: Path) -> int:
    """Bytes of the blobs, whole and unfinished."""
    total = 0
    for file in (folder / "blobs").glob("*"):
        try:
            total += file.stat().st_size
        except OSError:  # an unfinished file was just moved to its place
            continue
    return total


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f}"
