"""The three small networks of the faces room: who finds faces, who restores them, who tells them apart.

Pictures go in as float32 in -1 .. 1. Normalisation is within a picture, so that a batch never mixes its pictures.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CELL_PX = 2  # a side of the detector's cells, in pixels of the picture that it sees
CROP_PX = 64  # a side of the crop that the restorer sees
WHO = ("man-astronaut", "woman-astronaut", "man", "woman", "man-mage")  # the world's persons, by artwork


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


class Block(nn.Module):
    """Two convolutions beside a shortcut; the second starts at zero, so that a new block changes nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before, self.between = nn.GroupNorm(8, width), nn.GroupNorm(8, width)
        self.first, self.second = conv(width, width), conv(width, width)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.silu(self.between(self.first(F.silu(self.before(x))))))


class Detector(nn.Module):
    """(B, 3, H, W), sides in multiples of 8 -> (B, 5, H/2, W/2): a face's logit, then its box about the cell.

    The box: offsets of its middle from the cell's, in cells, and the logarithms of its width and height in cells.
    """

    def __init__(self, widths: tuple[int, int, int] = (24, 48, 72)) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.stem = nn.Sequential(conv(3, fine, 2), Block(fine))  # H/2
        self.down = nn.Sequential(conv(fine, middle, 2), Block(middle), Block(middle))  # H/4
        self.deep = nn.Sequential(conv(middle, coarse, 2), Block(coarse), Block(coarse), conv(coarse, middle))  # H/8
        self.join = nn.Sequential(Block(middle), conv(middle, fine))  # H/4
        self.head = nn.Sequential(Block(fine), nn.SiLU(), nn.Conv2d(fine, 5, 1))
        with torch.no_grad():
            self.head[2].bias[0] = -4.6  # type: ignore[operator]  # one cell in a hundred, to begin with

    def forward(self, pictures: Tensor) -> Tensor:
        fine = self.stem(pictures)
        middle = self.down(F.silu(fine))
        middle = middle + _double(self.deep(F.silu(middle)))
        out: Tensor = self.head(fine + _double(self.join(middle)))
        return out


class Restorer(nn.Module):
    """(B, 3, CROP_PX, CROP_PX) -> the same, restored: a U-Net of four sizes that works on groups of 2 x 2 pixels."""

    def __init__(self, widths: tuple[int, ...] = (32, 64, 96, 96)) -> None:
        super().__init__()
        self.stem = conv(12, widths[0])
        self.down = nn.ModuleList(Block(width) for width in widths)
        self.shrink = nn.ModuleList(conv(a, b, 2) for a, b in pairwise(widths))
        self.core = Block(widths[-1])
        self.grow = nn.ModuleList(conv(b, a) for a, b in pairwise(widths))
        self.up = nn.ModuleList(Block(width) for width in widths[:-1])
        self.last = nn.Sequential(nn.GroupNorm(8, widths[0]), nn.SiLU(), conv(widths[0], 12))
        nn.init.zeros_(self.last[2].weight)  # type: ignore[arg-type]

    def forward(self, crops: Tensor) -> Tensor:
        x = self.stem(F.pixel_unshuffle(crops, 2))  # (B, 32, 32, 32)
        kept = []
        for block, shrink in zip(self.down, self.shrink, strict=False):
            kept.append(block(x))
            x = shrink(kept[-1])
        x = self.core(self.down[-1](x))  # (B, 96, 4, 4)
        for block, grow in zip(reversed(self.up), reversed(self.grow), strict=True):
            x = block(kept.pop() + _double(grow(x)))
        out: Tensor = crops + F.pixel_shuffle(self.last(x), 2)
        return out


class Recogniser(nn.Module):
    """(B, 3, 32, 32) -> (B, len(WHO)) and (B, 5): logits of the person and of the skin tone."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(conv(3, width, 2), Block(width), nn.SiLU()),  # 16
            *(conv(width, 2 * width, 2), Block(2 * width), nn.SiLU()),  # 8
            *(conv(2 * width, 4 * width, 2), nn.SiLU()),  # 4
            *(nn.Flatten(), nn.Linear(4 * width * 16, 64), nn.SiLU()),
        )
        self.who, self.tone = nn.Linear(64, len(WHO)), nn.Linear(64, 5)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.layers(crops)
        return self.who(seen), self.tone(seen)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
