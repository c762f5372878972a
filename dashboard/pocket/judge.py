"""The judge: a small network that says what a Pocket picture shows.

It learned from the renderer's exact truth alone (see `truth`), never from Pocket and never from the scorer, so it can
mark both. It errs too: `JUDGE_FOLDER/measured.json` holds how often, on scenes that it never saw.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from dashboard.building import built_once
from dashboard.pocket.score import Picture, as_array

JUDGE_FOLDER = Path(__file__).parent / "judge_weights"
SIDE_PX = 64
_BATCH = 64
_HEADS = 4


class _Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut; the first halves the picture's sides."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(inner, outer, 3, stride=2, padding=1)
        self.norms = nn.ModuleList([nn.GroupNorm(8, outer) for _ in range(2)])
        self.keep = nn.Conv2d(outer, outer, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.down(x)  # (B, outer, H/2, W/2)
        return x + self.keep(F.silu(self.norms[1](F.silu(self.norms[0](x)))))


class JudgeNetwork(nn.Module):
    """Pictures (B, 3, 64, 64) in -1 .. 1 -> for each field the logits of its classes.

    Convolutions read the picture down to 8 x 8 cells. Every field then has a token of its own, which attends to the
    cells and to the other fields: a tiny thing is found wherever it stands, and who is on whom is a matter of places.
    """

    def __init__(self, fields: Mapping[str, Sequence[str]], channels: Sequence[int] = (48, 96, 192)) -> None:
        super().__init__()
        self.fields = {name: tuple(classes) for name, classes in fields.items()}
        self.channels = tuple(channels)
        self.blocks = nn.Sequential(*(_Block(a, b) for a, b in zip((3, *channels), channels, strict=False)))
        width, self.cells = channels[-1], (SIDE_PX >> len(channels)) ** 2
        self.places = nn.Parameter(0.02 * torch.randn(self.cells + len(self.fields), width))
        layer = nn.TransformerEncoderLayer(
            width, _HEADS, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.attention = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.heads = nn.ModuleDict({name: nn.Linear(width, len(classes)) for name, classes in self.fields.items()})

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        cells = self.blocks(pixels).flatten(2).transpose(1, 2)  # (B, cells, width)
        tokens = self.attention(F.pad(cells, (0, 0, 0, len(self.fields))) + self.places)
        answers = tokens[:, self.cells :].unbind(dim=1)  # one (B, width) a field
        return {name: self.heads[name](answer).float() for name, answer in zip(self.fields, answers, strict=True)}


class Judge:
    """Safe to share between threads."""

    def __init__(self, folder: Path = JUDGE_FOLDER) -> None:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.network = JudgeNetwork(config["fields"], config["channels"]).eval().requires_grad_(False)
        weights = load_file(folder / "model.safetensors")
        self.network.load_state_dict({name: value.float() for name, value in weights.items()})

    @property
    def fields(self) -> dict[str, tuple[str, ...]]:
        """Every field with its classes."""
        return self.network.fields

    def verdicts(self, images: Sequence[Picture]) -> list[dict[str, str]]:
        """The likeliest class of every field, for every 64 x 64 picture."""
        shares = self.probabilities(images)
        best = {name: values.argmax(axis=1) for name, values in shares.items()}
        return [
            {name: self.fields[name][int(best[name][index])] for name in self.fields} for index in range(len(images))
        ]

    @torch.inference_mode()
    def probabilities(self, images: Sequence[Picture]) -> dict[str, np.ndarray]:
        """For every field, (N, classes) that add up to 1 a row. ValueError for a picture of another size."""
        arrays = [as_array(image) for image in images]
        if any(array.shape != (SIDE_PX, SIDE_PX, 3) for array in arrays):
            raise ValueError(f"The judge knows pictures of {SIDE_PX} x {SIDE_PX} pixels only.")
        found: dict[str, list[np.ndarray]] = {name: [] for name in self.fields}
        for start in range(0, len(arrays), _BATCH):
            batch = torch.from_numpy(np.stack(arrays[start : start + _BATCH]))
            for name, logits in self.network(batch.permute(0, 3, 1, 2).float() / 127.5 - 1).items():
                found[name].append(logits.softmax(dim=1).numpy())
        empty = {name: np.zeros((0, len(classes)), np.float32) for name, classes in self.fields.items()}
        return {name: np.concatenate(parts) if parts else empty[name] for name, parts in found.items()}


def save_judge(network: JudgeNetwork, folder: Path) -> None:
    """Half precision; the config holds what the network is built from."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: value.half().contiguous() for name, value in network.state_dict().items()}, folder / "model.safetensors"
    )
    config = {"channels": network.channels, "fields": network.fields}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (folder / "model.safetensors").chmod(0o644)


@dataclass(frozen=True)
class Errors:
    """How often the judge says a class where it is (`sensitivity`) and where it is not (`false_alarms`), 0 .. 1."""

    sensitivity: float
    false_alarms: float


def judge_errors(field: str) -> dict[str, Errors]:
    """For the astronaut's `sex` or `skin_tone`: each class's errors, measured on decoded scenes it never saw."""
    measured = json.loads((JUDGE_FOLDER / "measured.json").read_text(encoding="utf-8"))
    table: dict[str, dict[str, int]] = measured["astronaut"][field]
    return {name: _errors(table, name) for name in table}


def _errors(table: Mapping[str, Mapping[str, int]], name: str) -> Errors:
    others = [row for true, row in table.items() if true != name]
    false = sum(row[name] for row in others) / sum(sum(row.values()) for row in others)
    return Errors(table[name][name] / sum(table[name].values()), false)


def corrected(seen: float, errors: Errors) -> float:
    """The true share behind a share `seen` by a judge who errs (Rogan and Gladen 1978, Am. J. Epidemiol. 107, 71).

    ValueError for a judge who cannot tell the classes apart.
    """
    if errors.sensitivity <= errors.false_alarms:
        raise ValueError("This judge cannot tell the classes apart.")
    share = (seen - errors.false_alarms) / (errors.sensitivity - errors.false_alarms)
    return min(1.0, max(0.0, share))


@built_once
def load_judge() -> Judge:
    """This process's judge."""
    return Judge()
