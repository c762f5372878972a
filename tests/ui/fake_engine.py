"""An engine without a model, for tests of the pages: real jobs and results, pictures painted from a hash."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
from PIL import Image

from dashboard.engine import ImageRequest, ImageResult, Job, Latents, initial_noise

SIDE, SHAPE = 64, (1, 4, 16, 16)


def paint(request: ImageRequest) -> ImageResult:
    """A picture that depends on every field of the request and on nothing else."""
    latents = request.latents or Latents.from_tensor(initial_noise(request.seed, SHAPE))
    digest = hashlib.sha256(f"{request.replace(latents=None, seed=0)} {latents.sha256}".encode()).digest()
    pixels = np.random.default_rng(list(digest)).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    rgb = pixels.tobytes()
    return ImageResult(
        request=request,
        rgb=rgb,
        width=SIDE,
        height=SIDE,
        sha256=hashlib.sha256(rgb).hexdigest(),
        noise_sha256=latents.sha256,
        seconds=0.01,
        evaluations=2 * request.num_inference_steps,
        steps_run=request.num_inference_steps,
        model_id=request.model,
        model_name="Fake",
        weights_sha256="0" * 64,
        device="cpu",
        dtype="float32",
        versions={"torch": "0"},
        scheduler_config={},
        from_memo=False,
    )


class FakeEngine:
    """The part of the engine's surface that the pages use."""

    def __init__(self, *, step_seconds: float = 0.0) -> None:
        self.step_seconds = step_seconds
        self.submitted: list[Job] = []
        self.models = SimpleNamespace(info=lambda _: INFO, infos=lambda: (INFO,))
        self._jobs: dict[str, Job] = {}
        self.problem: Exception | None = None  # raised at the next submit
        self.broken = ""  # a sentence: every job fails with it

    def submit(
        self,
        requests: Sequence[ImageRequest],
        *,
        learner: str = "",
        job_id: str | None = None,
        previews: bool = False,
        use_memo: bool = True,
    ) -> Job:
        if self.problem is not None:
            raise self.problem
        if job_id is not None and job_id in self._jobs:
            return self._jobs[job_id]
        job = Job(job_id or str(len(self._jobs)), learner, tuple(requests), previews=previews)
        self._jobs[job.id] = job
        self.submitted.append(job)
        if self.step_seconds:
            threading.Thread(target=self._draw, args=(job,), daemon=True).start()
        else:
            self._draw(job)
        return job

    def forget(self) -> None:
        """As if every job so far had ended long ago."""
        self.submitted.clear()
        self._jobs.clear()

    def job(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def status(self) -> SimpleNamespace:
        busy = sum(not job.ended for job in self._jobs.values())
        return SimpleNamespace(state="busy" if busy else "idle", in_flight=busy, waiting=0, eta_seconds=None)

    def close(self) -> None:
        for job in self._jobs.values():
            job.cancel()

    def _draw(self, job: Job) -> None:
        if self.broken:
            job.fail(self.broken)
            return
        for index, request in enumerate(job.requests):
            result = paint(request)
            for step in range(1, request.num_inference_steps + 1) if self.step_seconds else ():
                time.sleep(self.step_seconds)
                noise = Image.effect_noise((16, 16), 100.0 / step).convert("RGB")
                job.stepped(index, step=step, steps=request.num_inference_steps, timestep=999 // step, preview=noise)
                if job.ended:
                    return
            job.finished(index, result)


INFO = SimpleNamespace(
    id="pocket",
    name="Fake",
    available=True,
    reason="",
    native_size=SIDE,
    latent_channels=4,
    latent_side=16,
    vae_scale_factor=4,
    device="cpu",
    dtype="float32",
    what_it_is="Paints noise.",
    what_it_is_not="Not a model.",
    default_steps=20,
    default_guidance_scale=7.5,
)
