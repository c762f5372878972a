"""The two predictions that classifier-free guidance combines: Ho and Salimans 2022, arXiv:2207.12598.

Another guidance scale for a traced step is `StepTrace.with_guidance`.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from dashboard.engine.traces import StepTrace


@dataclass(frozen=True, kw_only=True, eq=False)
class GuidanceParts:
    """What classifier-free guidance adds up at one step; each (1, C, h, w)."""

    unconditional: Tensor
    conditional: Tensor
    difference: Tensor  # conditional - unconditional: the prompt's direction
    guided: Tensor  # unconditional + w * difference


def guidance_parts(step: StepTrace) -> GuidanceParts:
    """The parts of a traced step's noise prediction. ValueError if the run had no guidance."""
    if step.unconditional is None:
        raise ValueError("This run had no guidance, so there is no unconditional prediction to compare with.")
    return GuidanceParts(
        unconditional=step.unconditional,
        conditional=step.conditional,
        difference=step.conditional - step.unconditional,
        guided=step.noise,
    )
