"""One image on its way from noise to pixels: its own scheduler, generator, latents and place in its own timesteps.

This is the denoising loop of diffusers' StableDiffusionPipeline, turned inside out: it gives the rows that the U-Net
must evaluate next and takes the predictions back. So images at different steps, with different schedulers, guidance and
prompts, share one U-Net call.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor

from dashboard.engine.linear_steps import StepTable
from dashboard.engine.models import LoadedModel, latent_shape
from dashboard.engine.networks import Networks, Reading
from dashboard.engine.noise import noise_and_generator
from dashboard.engine.pictures import decode_rgb
from dashboard.engine.requests import ImageRequest
from dashboard.engine.results import ImageResult
from dashboard.engine.schedulers import SCHEDULERS, mixture
from dashboard.engine.traces import StepTrace, Trace, as_noise, kept
from dashboard.engine.versions import versions


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What one image wants from the U-Net next: one row, or two with guidance (unconditional first)."""

    samples: Tensor  # (R, C, h, w)
    timesteps: Tensor  # (R,) float32
    text: Tensor  # (R, T, D)
    added: Tensor | None  # (R, P + 6), for XL models


class Denoising:
    """Begin with a resolved request (`models.resolve`); then `rows`, `step`, ... until `done`; then `result`."""

    def __init__(self, request: ImageRequest, model: LoadedModel, *, traced: bool = False) -> None:
        """`traced`: keep what each step held, for `result().trace`."""
        self.request, self.model = request, model
        self.networks: Networks = model.networks(request.dtype)
        words = request.learned_words
        readings = [self.networks.read(request.prompt, words)]
        if request.guided:
            readings.insert(0, self.networks.read(request.negative_prompt, words, unconditional=True))
        self._text = torch.cat([reading.text for reading in readings])  # (R, T, D)
        shape = latent_shape(model.info, request)
        self._added = self._sizes(readings, shape)
        self.networks.prepare(shape[1:], tuple(self._text.shape[1:]), self._added)
        noise, self._generator = noise_and_generator(request, shape, model.info.device)
        self.noise_sha256 = hashlib.sha256(noise.cpu().numpy().tobytes()).hexdigest()
        self._scheduler: Any = model.schedulers.new(request.scheduler)
        self._scheduler.set_timesteps(request.num_inference_steps, device=self.networks.device)
        self._takes_generator = "generator" in inspect.signature(self._scheduler.step).parameters
        self.table = self._table(traced)
        self.past: Tensor | None = None  # (2 * LOOK_BACK - 2, C, h, w), with a table and after its first step
        self.latents: Tensor = noise.to(self.networks.device) * self._scheduler.init_noise_sigma  # (1, C, h, w)
        self.step_index = 0  # scheduler steps run
        self.steps: int = len(self._scheduler.timesteps)
        self.timestep: int | None = None  # of the last step, 0 .. 999
        self.evaluations = 0
        self.seconds = 0.0
        self._trace: list[StepTrace] | None = [] if traced else None

    @property
    def done(self) -> bool:
        return self.step_index == self.steps

    @property
    def rows_a_step(self) -> int:
        return len(self._text)

    def rows(self) -> Rows:
        """The next step's U-Net input."""
        count = self.rows_a_step
        timestep = self._scheduler.timesteps[self.step_index]
        if self.table is not None:
            sample = self.latents * self.table.scales[self.step_index]
        else:
            sample = self._scheduler.scale_model_input(self.latents, timestep)
        return Rows(
            samples=sample.expand(count, *sample.shape[1:]),
            timesteps=timestep.float().expand(count),
            text=self._text,
            added=self._added,
        )

    def step(self, predictions: Tensor) -> None:
        """Let the scheduler take one step with the U-Net's `predictions`, (R, C, h, w), for `rows()`."""
        timestep = self._scheduler.timesteps[self.step_index]
        extra = {"generator": self._generator} if self._takes_generator else {}
        noise = self._guided(predictions)
        if self._trace is not None:
            self._trace.append(self._look(predictions))
        latents = self._scheduler.step(noise, timestep, self.latents, **extra, return_dict=False)[0]
        self.stepped(latents, float(timestep))

    def stepped(self, latents: Tensor, timestep: float, past: Tensor | None = None) -> None:
        """Go on from these latents, (1, C, h, w): the step at `timestep` is done."""
        self.latents, self.past = latents, past
        self.timestep = round(timestep)
        self.evaluations += self.rows_a_step
        self.step_index += 1

    def preview(self) -> Image:
        """A rough look at the latents as they are now, one pixel a latent place."""
        return self.model.preview(self.networks).image(self.latents)

    def result(self) -> ImageResult:
        """Decode, and give the finished image. FloatingPointError if the numbers overflowed."""
        rgb, filtered = decode_rgb(self.model, self.networks, self.latents)
        data, info = rgb.tobytes(), self.model.info
        return ImageResult(
            request=self.request,
            rgb=data,
            width=rgb.shape[1],
            height=rgb.shape[0],
            sha256=hashlib.sha256(data).hexdigest(),
            noise_sha256=self.noise_sha256,
            seconds=self.seconds,
            evaluations=self.evaluations,
            steps_run=self.step_index,
            model_id=info.id,
            model_name=info.name,
            weights_sha256=self.model.weights_sha256,
            device=info.device,
            dtype=self.request.dtype,
            versions=versions(info.speed),
            scheduler_config=self.model.schedulers.config(self.request.scheduler),
            from_memo=False,
            filtered=filtered,
            trace=Trace(steps=tuple(self._trace), latents=kept(self.latents)) if self._trace is not None else None,
        )

    def _table(self, traced: bool) -> StepTable | None:
        """Where the operator wants vector steps and the scheduler is linear; a traced image steps by itself."""
        if traced or "vector-steps" not in self.networks.speed or SCHEDULERS[self.request.scheduler].stochastic:
            return None
        return self.model.schedulers.table(self.request.scheduler, self.request.num_inference_steps)

    def _sizes(self, readings: Sequence[Reading], shape: tuple[int, ...]) -> Tensor | None:
        """What an XL U-Net reads besides text and time, a row for each reading; None for other models."""
        height, width = (side * self.model.info.vae_scale_factor for side in shape[2:])
        added = [row for reading in readings if (row := self.networks.added(reading, height, width)) is not None]
        return torch.cat(added) if added else None

    def _look(self, predictions: Tensor) -> StepTrace:
        """The step about to be taken, as the trace keeps it."""
        index = self.step_index
        signal_scale, noise_scale = mixture(self.request.scheduler, self._scheduler, index)
        kind = self._scheduler.config.prediction_type
        rows = [kept(as_noise(p, self.latents, signal_scale, noise_scale, kind)) for p in predictions.split(1)]
        return StepTrace(
            step=index,
            timestep=round(float(self._scheduler.timesteps[index])),
            latents=kept(self.latents),
            unconditional=rows[0] if self.request.guided else None,
            conditional=rows[-1],
            guidance_scale=self.request.guidance_scale,
            signal_scale=signal_scale,
            noise_scale=noise_scale,
        )

    def _guided(self, predictions: Tensor) -> Tensor:
        """Classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598), in diffusers' order of operations."""
        if not self.request.guided:
            return predictions
        unconditional, conditional = predictions.chunk(2)
        return unconditional + self.request.guidance_scale * (conditional - unconditional)
