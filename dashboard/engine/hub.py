"""Models on the Hugging Face hub: is one here already, may it be fetched, fetch it. Pinned revisions only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dashboard.engine.errors import ModelUnavailable
from dashboard.engine.folders import CONFIGS, SAFETY_CONFIGS, SAFETY_WEIGHTS, TOKENIZER_FILES, WEIGHTS

WANTED_FILES = (
    "model_index.json",
    *(f"{part}/{name}" for part, name in {**CONFIGS, **SAFETY_CONFIGS}.items()),
    *(f"tokenizer/{name}" for name in TOKENIZER_FILES),
)
WEIGHT_ENDINGS = (".safetensors", ".safetensors.index.json")


def cached_folder(repository: str, revision: str, *, variant: str | None) -> Path | None:
    """The downloaded snapshot, if its weights are all here. Never goes to the network."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, "model_index.json", revision=revision)
    if not isinstance(found, str):
        return None
    folder = Path(found).parent
    return folder if all(_has_weights(folder / part, stem) for part, stem in _weights(variant).items()) else None


def offline() -> bool:
    """Whether the operator forbade the network (HF_HUB_OFFLINE)."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def fetch(repository: str, revision: str, *, variant: str | None) -> None:
    """Download the snapshot, gigabytes; `ModelUnavailable` with one sentence if that fails."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    endings = (".safetensors", "-0*.safetensors", ".safetensors.index.json")
    wanted = _weights(variant, {**WEIGHTS, **SAFETY_WEIGHTS})
    weights = [f"{part}/{stem}{end}" for part, stem in wanted.items() for end in endings]
    try:
        snapshot_download(
            repository,
            revision=revision,
            allow_patterns=[*WANTED_FILES, *weights],
        )
    except HfHubHTTPError as error:
        reason = f"the hub said no ({type(error).__name__})"
        raise ModelUnavailable(f"{repository} could not be downloaded: {reason}.") from error
    except (LocalEntryNotFoundError, OSError) as error:
        raise ModelUnavailable(f"{repository} could not be downloaded: the hub cannot be reached from here.") from error


def _has_weights(folder: Path, stem: str) -> bool:
    return any((folder / f"{stem}{end}").is_file() for end in WEIGHT_ENDINGS)


def _weights(variant: str | None, parts: Mapping[str, str] = WEIGHTS) -> dict[str, str]:
    return {part: f"{stem}.{variant}" if variant else stem for part, stem in parts.items()}
