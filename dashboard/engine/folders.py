"""Looking at a model folder before anything in it is loaded. Nothing here imports, unpickles or executes.

A folder is what `save_pretrained` of diffusers' pipelines writes for Stable Diffusion 1.x (and models of its shape, as
SD-Turbo) or XL; its weights may be one file elsewhere. It is refused, with one sentence, if it carries Python code,
holds its weights as pickles only, or if a file is missing or damaged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dashboard.engine.errors import ModelUnavailable
from dashboard.engine.safetensors_header import check_safetensors


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a kind of model folder holds: for each part the classes it may be, its weights' stem and its config."""

    name: str
    pipeline: str  # in diffusers
    classes: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, str]
    configs: Mapping[str, str]
    tokenizers: tuple[str, ...] = ()
    tokenizer_files: tuple[str, ...] = ("tokenizer.json", "vocab.json", "merges.txt", "special_tokens_map.json")


_TOKENIZER = ("CLIPTokenizer", "CLIPTokenizerFast")
_NETWORK = "diffusion_pytorch_model"
SD = Layout(
    name="Stable Diffusion 1.x",
    pipeline="StableDiffusionPipeline",
    classes={
        "tokenizer": _TOKENIZER,
        "text_encoder": ("CLIPTextModel",),
        "unet": ("UNet2DConditionModel",),
        "vae": ("AutoencoderKL",),
    },
    weights={"text_encoder": "model", "unet": _NETWORK, "vae": _NETWORK},
    configs={
        "tokenizer": "tokenizer_config.json",
        "text_encoder": "config.json",
        "unet": "config.json",
        "vae": "config.json",
        "scheduler": "scheduler_config.json",
    },
    tokenizers=("tokenizer",),
)
SDXL = Layout(
    name="Stable Diffusion XL",
    pipeline="StableDiffusionXLPipeline",
    classes={**SD.classes, "tokenizer_2": _TOKENIZER, "text_encoder_2": ("CLIPTextModelWithProjection",)},
    weights={**SD.weights, "text_encoder_2": "model"},
    configs={**SD.configs, "tokenizer_2": "tokenizer_config.json", "text_encoder_2": "config.json"},
    tokenizers=("tokenizer", "tokenizer_2"),
)
FAMILIES = (SD, SDXL)
SAFETY = Layout(  # some models have it beside the rest
    name="safety checker",
    pipeline="",
    classes={
        "safety_checker": ("StableDiffusionSafetyChecker",),
        "feature_extractor": ("CLIPImageProcessor", "CLIPFeatureExtractor", "CLIPImageProcessorPil"),
    },
    weights={"safety_checker": "model"},
    configs={"safety_checker": "config.json", "feature_extractor": "preprocessor_config.json"},
)
MAX_CONFIG_BYTES = 64_000_000  # a tokenizer.json holds its whole vocabulary


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """A folder that passed: its configs, and the files that loading will read."""

    path: Path
    family: Layout
    index: Mapping[str, Any]  # model_index.json
    configs: Mapping[str, Mapping[str, Any]]  # by part
    variant: str | None  # "fp16" where every part has weights of that name and they were asked for
    has_safety_checker: bool
    files: tuple[Path, ...]
    file: Path | None = None  # where the weights are one file, for which the folder has configs and tokenizers

    @property
    def latent_channels(self) -> int:
        return int(self.configs["vae"].get("latent_channels", 4))

    @property
    def vae_scale_factor(self) -> int:
        return int(2 ** (len(self.configs["vae"]["block_out_channels"]) - 1))

    @property
    def native_size(self) -> int:
        """Pixels a side."""
        return int(self.configs["unet"]["sample_size"]) * self.vae_scale_factor

    @property
    def size_multiple(self) -> int:
        """Pixels: whole latent places at every level of the U-Net."""
        return int(self.vae_scale_factor * 2 ** (len(self.configs["unet"]["block_out_channels"]) - 1))

    @property
    def prompt_tokens(self) -> int:
        """Tokens that are read, markers included: the smaller of what tokenizer and text encoder take."""
        positions = int(self.configs["text_encoder"].get("max_position_embeddings", 77))
        return min(int(self.configs["tokenizer"].get("model_max_length", positions)), positions)

    @property
    def text_width(self) -> int:
        """Numbers in the embedding of one token."""
        return int(self.configs["text_encoder"].get("hidden_size", 512))  # CLIP's own default

    @property
    def zeros_for_empty_prompt(self) -> bool:
        """Whether an empty negative prompt stands for zeros instead of the empty text's embedding (XL only)."""
        return self.family is SDXL and bool(self.index.get("force_zeros_for_empty_prompt", True))

    def files_sha256(self) -> dict[str, str]:
        """Hash of each file that loading reads, by its path in the folder; seconds for gigabytes, then remembered."""
        inside = {f.relative_to(self.path).as_posix(): hash_file(f) for f in self.files}
        return inside if self.file is None else {**inside, self.file.name: hash_file(self.file)}

    def weights_sha256(self) -> str:
        """One hash of everything that loading reads."""
        return one_hash(self.files_sha256())


def inspect_folder(path: Path, *, variant: str | None = None, file: Path | None = None) -> ModelFolder:
    """Check the folder; `ModelUnavailable` with one sentence if it is refused.

    `file`: where all weights are, but for the safety checker's; the folder's own are not looked at then.
    """
    if not path.is_dir():
        raise ModelUnavailable(f"There is no model folder {path.name!r}.")
    _refuse_code(path)
    index = _read_json(path / "model_index.json")
    family = SDXL if _named(index, "text_encoder_2") is not None else SD
    checked = _named(index, "safety_checker") is not None
    if file is not None:  # such files hold none: it counts where the folder has it whole
        check_safetensors(file)
        variant = None
        checked = checked and (path / "safety_checker" / f"{SAFETY.weights['safety_checker']}.safetensors").is_file()
    layouts = (family, SAFETY) if checked else (family,)
    for layout in layouts:
        _check_classes(path.name, index, family.name, layout.classes)
    weighed = layouts if file is None else layouts[1:]
    stems = {part: stem for layout in weighed for part, stem in layout.weights.items()}
    config_names = {part: name for layout in layouts for part, name in layout.configs.items()}
    configs = {part: _read_json(path / part / name) for part, name in config_names.items()}
    _check_configs(path.name, family, configs)
    if variant and not all((path / part / f"{stem}.{variant}.safetensors").is_file() for part, stem in stems.items()):
        variant = None
    weights = [file for part, stem in stems.items() for file in _weights(path / part, stem, variant)]
    tokenizer = [path / part / name for part in family.tokenizers for name in family.tokenizer_files]
    configs_read = [path / "model_index.json", *(path / part / name for part, name in config_names.items())]
    return ModelFolder(
        path=path,
        family=family,
        index=index,
        configs=configs,
        variant=variant,
        has_safety_checker=checked,
        files=tuple(sorted([*weights, *configs_read, *(name for name in tokenizer if name.is_file())])),
        file=file,
    )


def _refuse_code(path: Path) -> None:
    code = next((file for file in sorted(path.rglob("*")) if file.suffix.lower() in (".py", ".pyc", ".so")), None)
    if code is not None:
        raise ModelUnavailable(f"{path.name} carries program code ({code.name}), so it is not loaded.")


def _named(index: Mapping[str, Any], part: str) -> object:
    """The class that model_index.json names for a part; None if it names none."""
    entry = index.get(part)
    return entry[-1] if isinstance(entry, list) and entry else None


def _check_classes(name: str, index: Mapping[str, Any], kind: str, parts: Mapping[str, tuple[str, ...]]) -> None:
    for part, classes in parts.items():
        if _named(index, part) not in classes:
            entry = str(index.get(part))[:60]
            raise ModelUnavailable(f"{name} is not a {kind} model: its {part} is {entry}.")


def _check_configs(name: str, family: Layout, configs: Mapping[str, Mapping[str, Any]]) -> None:
    for part in ("unet", "vae"):
        channels = configs[part].get("block_out_channels")
        if not isinstance(channels, list) or not 1 <= len(channels) <= 8:
            raise ModelUnavailable(f"{name} is not a {family.name} model: its {part} names no channels.")
    if not isinstance(configs["unet"].get("sample_size"), int):
        raise ModelUnavailable(f"{name} does not say for which size its unet was trained.")
    embedding = "text_time" if family is SDXL else None
    if configs["unet"].get("addition_embed_type") != embedding or configs["unet"].get("time_cond_proj_dim") is not None:
        raise ModelUnavailable(f"{name} is not a {family.name} model: its unet wants other inputs.")
    if configs["scheduler"].get("prediction_type", "epsilon") not in ("epsilon", "v_prediction"):
        raise ModelUnavailable(f"{name} predicts something that the schedulers here cannot use.")


def _weights(folder: Path, stem: str, variant: str | None) -> list[Path]:
    """The safetensors files of one part, each checked."""
    name = f"{stem}.{variant}" if variant else stem
    single, shards = folder / f"{name}.safetensors", folder / f"{stem}.safetensors.index.json"
    if single.is_file():
        files = [single]
    elif shards.is_file():
        files = [shards, *_shards(shards)]
    elif any(file.suffix in (".bin", ".ckpt", ".pt", ".pth", ".pkl") for file in folder.glob("*")):
        raise ModelUnavailable(f"The {folder.name} has its weights as pickles only; safetensors are needed.")
    else:
        raise ModelUnavailable(f"The {folder.name} has no weights: {single.name} is missing.")
    for file in files:
        if file.suffix == ".safetensors":
            check_safetensors(file)
    return files


def _shards(index: Path) -> list[Path]:
    names = _read_json(index).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(n, str) and Path(n).name == n for n in names.values()):
        raise ModelUnavailable(f"{index.name} is damaged.")
    files = [index.parent / name for name in sorted(set(names.values()))]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise ModelUnavailable(f"The {index.parent.name} is not whole: {missing[0]} is missing.")
    return files


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ModelUnavailable(f"{path.parent.name}/{path.name} is missing, so this is no model in diffusers format.")
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ValueError("too large")
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError):
        raise ModelUnavailable(f"{path.parent.name}/{path.name} is damaged.") from None
    if not isinstance(values, dict):
        raise ModelUnavailable(f"{path.parent.name}/{path.name} is damaged.")
    return values


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns


def hash_file(file: Path) -> str:
    """SHA-256 of a file, remembered until its size or its time changes."""
    return _hash(file, _stamp(file))


def one_hash(files: Mapping[str, str]) -> str:
    """One SHA-256 of many, by name."""
    return hashlib.sha256("".join(f"{name}\0{sha}\n" for name, sha in sorted(files.items())).encode()).hexdigest()


@cache
def _hash(file: Path, stamp: tuple[int, int]) -> str:  # noqa: ARG001  # another stamp is another key
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
