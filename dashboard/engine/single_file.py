"""Networks out of one file that has the original Stable Diffusion's names, by diffusers' own converters.

Such a file holds no configs and no tokenizer: they come from the folder of a model of the same kind. Without a folder
diffusers asks the hub for them, and nothing here may: so one must be named.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from dashboard.building import BUILDING
from dashboard.engine.errors import ModelUnavailable


def read_tensors(file: Path) -> dict[str, torch.Tensor]:
    """Every tensor of a file that `check_safetensors` has passed."""
    from safetensors.torch import load_file

    return load_file(file)


def convert(kind: Any, part: str, tensors: Mapping[str, torch.Tensor], file: Path, configs: Path) -> torch.nn.Module:
    """One network, in float32, of the class `kind`. `ModelUnavailable`, one sentence, if the file does not fit.

    `configs`: the folder of a model, whose config of this part says the network's shape.
    """
    from diffusers.loaders.single_file_utils import create_diffusers_clip_model_from_ldm as convert_clip

    where: dict[str, Any] = {"config": str(configs), "subfolder": part, "local_files_only": True}
    try:
        with BUILDING:
            if part.startswith("text_encoder"):  # a class of transformers, which knows no single files
                module = convert_clip(kind, dict(tensors), torch_dtype=torch.float32, **where)
            else:
                module = kind.from_single_file(dict(tensors), torch_dtype=torch.float32, **where)
    except Exception as error:  # whatever a file of another kind makes the libraries raise, people get one sentence
        raise _misfit(part, file, configs) from error
    if any(tensor.is_meta for tensor in module.state_dict().values()):  # one that the file lacks
        raise _misfit(part, file, configs)
    return module


def _misfit(part: str, file: Path, configs: Path) -> ModelUnavailable:
    return ModelUnavailable(
        f"{file.name} does not fit the configs of {configs.name}: its {part} is incomplete or of another kind."
    )
