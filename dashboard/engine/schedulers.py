"""The schedulers a learner can choose, and how one is made for one image.

A scheduler object carries the history of the image it steps, so it is never shared. For each model and kind one
pristine object is built from the model's own scheduler config; every image steps a deep copy of it.
"""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dashboard.building import import_libraries
from dashboard.engine.linear_steps import StepTable, read_table


@dataclass(frozen=True, kw_only=True)
class SchedulerInfo:
    """One choice of scheduler, as the lessons and the command line show it."""

    key: str
    label: str
    class_name: str  # in diffusers
    order: int  # of the method: how fast its error falls with the step size
    evaluations_per_step: int  # U-Net evaluations for one asked step (Heun looks twice, but for the last step)
    stochastic: bool  # draws fresh noise at each step, from the image's own generator
    exploding: bool  # holds x0 + sigma * noise; the others hold sqrt(abar) * x0 + sqrt(1 - abar) * noise
    description: str
    paper: str
    distilled: bool = False  # only for models distilled for it: lessons leave it out
    max_steps: int = 150
    options: Mapping[str, str] = field(default_factory=dict)  # set in place of the model's own

    def from_config(self, config: Mapping[str, Any]) -> Any:
        """A new one of diffusers' own, from a model's scheduler config."""
        import diffusers

        return getattr(diffusers, self.class_name).from_config(config, **self.options)


_INFOS = (
    SchedulerInfo(
        key="pndm",
        label="PNDM",
        class_name="PNDMScheduler",
        order=4,
        evaluations_per_step=1,
        stochastic=False,
        exploding=False,
        description="Remembers its last four noise predictions and extrapolates; the default of Stable Diffusion v1.",
        paper="Liu et al. 2022, Pseudo Numerical Methods for Diffusion Models on Manifolds, arXiv:2202.09778",
    ),
    SchedulerInfo(
        key="ddim",
        label="DDIM",
        class_name="DDIMScheduler",
        order=1,
        evaluations_per_step=1,
        stochastic=False,
        exploding=False,
        description="Guesses the clean image at each step and goes straight towards it; plain and predictable.",
        paper="Song et al. 2020, Denoising Diffusion Implicit Models, arXiv:2010.02502",
    ),
    SchedulerInfo(
        key="euler",
        label="Euler",
        class_name="EulerDiscreteScheduler",
        order=1,
        evaluations_per_step=1,
        stochastic=False,
        exploding=True,
        description="Follows the slope of the noise one straight step at a time; the simplest solver.",
        paper="Karras et al. 2022, Elucidating the Design Space of Diffusion-Based Generative Models, arXiv:2206.00364",
    ),
    SchedulerInfo(
        key="euler-ancestral",
        label="Euler ancestral",
        class_name="EulerAncestralDiscreteScheduler",
        order=1,
        evaluations_per_step=1,
        stochastic=True,
        exploding=True,
        description="Steps too far on purpose and adds fresh noise back, so the image keeps changing with more steps.",
        paper="Karras et al. 2022, arXiv:2206.00364, and k-diffusion's sample_euler_ancestral",
    ),
    SchedulerInfo(
        key="dpm++2m",
        label="DPM-Solver++ 2M",
        class_name="DPMSolverMultistepScheduler",
        order=2,
        evaluations_per_step=1,
        stochastic=False,
        exploding=False,
        description="Reuses the last guess of the clean image for a second-order step; good from about ten steps.",
        paper="Lu et al. 2022, DPM-Solver++, arXiv:2211.01095",
    ),
    SchedulerInfo(
        key="unipc",
        label="UniPC",
        class_name="UniPCMultistepScheduler",
        order=2,
        evaluations_per_step=1,
        stochastic=False,
        exploding=False,
        description="Predicts, then corrects with the same evaluation; made for very few steps.",
        paper="Zhao et al. 2023, UniPC, arXiv:2302.04867",
    ),
    SchedulerInfo(
        key="heun",
        label="Heun",
        class_name="HeunDiscreteScheduler",
        order=2,
        evaluations_per_step=2,
        stochastic=False,
        exploding=True,
        description="Looks ahead, averages the two slopes, then steps: more exact, at twice the evaluations.",
        paper="Karras et al. 2022, arXiv:2206.00364, algorithm 1",
    ),
    SchedulerInfo(
        key="lms",
        label="LMS",
        class_name="LMSDiscreteScheduler",
        order=4,
        evaluations_per_step=1,
        stochastic=False,
        exploding=True,
        description="Fits a curve through its last four slopes and follows it; a linear multistep method.",
        paper="Crowson, k-diffusion's sample_lms; Adams-Bashforth, see Karras et al. 2022, arXiv:2206.00364",
    ),
    SchedulerInfo(
        key="lcm",
        label="LCM",
        class_name="LCMScheduler",
        order=1,
        evaluations_per_step=1,
        stochastic=True,
        exploding=False,
        description="Jumps to a guess of the clean image and adds less noise back; for models distilled for it only.",
        paper="Luo et al. 2023, Latent Consistency Models, arXiv:2310.04378, and LCM-LoRA, arXiv:2311.05556",
        distilled=True,
        max_steps=50,
    ),
    SchedulerInfo(
        key="ddim-trailing",
        label="DDIM, trailing",
        class_name="DDIMScheduler",
        order=1,
        evaluations_per_step=1,
        stochastic=False,
        exploding=False,
        description="DDIM whose first step is at the noisiest timestep: what a model distilled to a few steps takes.",
        paper="Lin et al. 2023, Common Diffusion Noise Schedules and Sample Steps are Flawed, arXiv:2305.08891",
        distilled=True,
        options=MappingProxyType({"timestep_spacing": "trailing"}),
    ),
)
SCHEDULERS: Mapping[str, SchedulerInfo] = MappingProxyType({info.key: info for info in _INFOS})
SPACINGS = ("leading", "trailing", "linspace")  # as diffusers names them; a model's config chooses one


def mixture(key: str, scheduler: Any, step_index: int) -> tuple[float, float]:
    """(a, s): before that step the scheduler's latents are a * x0 + s * noise, x0 being the clean latents.

    Exploding schedulers hold (1, sigma), Karras et al. 2022, arXiv:2206.00364; the others hold (sqrt(abar),
    sqrt(1 - abar)) with abar = `alphas_cumprod` at the step's timestep, Ho et al. 2020, arXiv:2006.11239, equation 4.
    """
    if SCHEDULERS[key].exploding:
        return 1.0, float(scheduler.sigmas[step_index])
    abar = float(scheduler.alphas_cumprod[int(scheduler.timesteps[step_index])])
    return math.sqrt(abar), math.sqrt(1 - abar)


class SchedulerShelf:
    """The pristine schedulers of one model. Thread-safe."""

    def __init__(self, model_config: Mapping[str, Any]) -> None:
        """`model_config`: the model's own scheduler config, as its folder gives it."""
        self._model_config = dict(model_config)
        self._pristine: dict[str, Any] = {}
        self._tables: dict[tuple[str, int], StepTable | None] = {}
        self._lock = threading.Lock()

    @property
    def own_class(self) -> str:
        """The diffusers class that the model's own config names."""
        return str(self._model_config.get("_class_name", ""))

    def new(self, key: str) -> Any:
        """A scheduler of the kind `key` that nobody else holds; its timesteps are not set yet."""
        with self._lock:
            return copy.deepcopy(self._get(key))

    def timesteps(self, key: str, steps: int, spacing: str | None = None) -> tuple[float, ...]:
        """The timesteps of an image of this many steps, one an evaluation, from noisy (near 999) to clean (near 0).

        `spacing`: one of SPACINGS; None for the model's own.
        """
        scheduler = self.new(key)
        if spacing is not None:
            scheduler = type(scheduler).from_config(scheduler.config, timestep_spacing=spacing)
        scheduler.set_timesteps(steps)
        return tuple(float(timestep) for timestep in scheduler.timesteps)

    def steps_within(self, key: str, evaluations: int) -> int:
        """The most steps that need no more than so many model evaluations (at least 1)."""
        fitting = (n for n in range(evaluations, 1, -1) if len(self.timesteps(key, n)) <= evaluations)
        return next(fitting, 1)

    def table(self, key: str, steps: int) -> StepTable | None:
        """Its steps as weights, where it is linear; read once and kept."""
        with self._lock:
            if (key, steps) not in self._tables:
                scheduler = copy.deepcopy(self._get(key))
                scheduler.set_timesteps(steps)
                self._tables[key, steps] = read_table(scheduler)
            return self._tables[key, steps]

    def config(self, key: str) -> dict[str, object]:
        """The whole configuration that `new(key)` steps with, JSON-able."""
        with self._lock:
            return {name: _plain(value) for name, value in self._get(key).config.items() if not name.startswith("_")}

    def _get(self, key: str) -> Any:
        if key not in self._pristine:
            import_libraries()  # seconds: not before a model is wanted
            self._pristine[key] = SCHEDULERS[key].from_config(self._model_config)
        return self._pristine[key]


def _plain(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else str(value)
