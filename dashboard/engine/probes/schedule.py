"""How much signal and how much noise there is at each timestep of a model's training schedule."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dashboard.engine.errors import ConsultFailed
from dashboard.engine.models import LoadedModel

NOISING_SCHEDULER = "ddim"  # its scale is the training's own; all schedulers of a model share the schedule


@dataclass(frozen=True, kw_only=True)
class ScheduleRow:
    """How much signal and noise there is at one timestep of the training schedule."""

    timestep: int  # 0 (nearly clean) .. 999 (nearly noise)
    alpha_cumprod: float  # abar, share of the signal in the variance

    @property
    def signal_scale(self) -> float:
        """sqrt(abar): what the clean latents are multiplied with."""
        return math.sqrt(self.alpha_cumprod)

    @property
    def noise_scale(self) -> float:
        """sqrt(1 - abar): what the noise is multiplied with."""
        return math.sqrt(1 - self.alpha_cumprod)

    @property
    def snr(self) -> float:
        """Signal-to-noise ratio abar / (1 - abar): Kingma et al. 2021, arXiv:2107.00630, equation 2."""
        return self.alpha_cumprod / (1 - self.alpha_cumprod)

    @property
    def log_snr(self) -> float:
        """Natural logarithm of `snr`; 0 where signal and noise are even."""
        return math.log(self.snr)


def schedule_table(model: LoadedModel) -> tuple[ScheduleRow, ...]:
    """One row a training timestep, 0 .. 999, from the model's own scheduler config."""
    values = model.schedulers.new(NOISING_SCHEDULER).alphas_cumprod.tolist()
    return tuple(ScheduleRow(timestep=t, alpha_cumprod=value) for t, value in enumerate(values))


def check_timestep(model: LoadedModel, timestep: int) -> None:
    """ConsultFailed unless the model was trained with this timestep."""
    last = len(model.schedulers.new(NOISING_SCHEDULER).alphas_cumprod) - 1
    if not 0 <= timestep <= last:
        raise ConsultFailed(f"The timestep must be a whole number from 0 to {last}.")
