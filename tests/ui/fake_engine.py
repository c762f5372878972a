"""An engine without a model, for tests of the pages: real jobs and results, pictures painted from a hash.

Where a page looks inside (traced runs, consults) it finds the tiny model, for real.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image
from transformers import CLIPTokenizer

from dashboard.engine import (
    Anatomy,
    ConsultFailed,
    ImageRequest,
    ImageResult,
    Job,
    Latents,
    LoadedModel,
    ModelPart,
    ModelRegistry,
    SchedulerShelf,
    initial_noise,
)
from dashboard.engine.batch import advance
from dashboard.engine.denoising import Denoising
from dashboard.engine.models import resolve
from dashboard.pocket import WEIGHTS_FOLDER

SIDE, SHAPE = 64, (1, 4, 16, 16)
SHELF = SchedulerShelf(json.loads((WEIGHTS_FOLDER / "scheduler" / "scheduler_config.json").read_text()))


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


@cache
def load_tiny(folder: Path) -> LoadedModel:
    """The tiny model, loaded once for all tests."""
    return ModelRegistry.build([f"tiny={folder}"], device="cpu").get("tiny")


def draw_traced(request: ImageRequest, model: LoadedModel) -> ImageResult:
    """The image that the tiny model really draws, with its trace."""
    asked = request.replace(model="tiny", width=SIDE, height=SIDE)
    image = Denoising(resolve(asked, model.info), model, traced=True)
    while not image.done:
        assert advance([image]) == {}
    return replace(image.result(), request=request, model_id=request.model, model_name="Fake")


class FakeEngine:
    """The part of the engine's surface that the pages use."""

    def __init__(self, *, step_seconds: float = 0.0, tiny_folder: Callable[[], Path] | None = None) -> None:
        """`tiny_folder`: where the tiny model is; called only by a page that looks inside."""
        self.step_seconds = step_seconds
        self._tiny_folder = tiny_folder
        self._traced: set[str] = set()  # ids of jobs
        self.submitted: list[Job] = []
        self.models = SimpleNamespace(
            info=lambda _: INFO,
            infos=lambda: (INFO,),
            anatomy=lambda _: ANATOMY,
            reader=lambda _: Reader(),
            schedulers=lambda _: SHELF,
            device="cpu",
        )
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
        traced: bool = False,
    ) -> Job:
        if self.problem is not None:
            raise self.problem
        if job_id is not None and job_id in self._jobs:
            return self._jobs[job_id]
        job = Job(job_id or str(len(self._jobs)), learner, tuple(requests), previews=previews)
        self._jobs[job.id] = job
        self.submitted.append(job)
        if traced:
            self._traced.add(job.id)
        if self.step_seconds:
            threading.Thread(target=self._draw, args=(job,), daemon=True).start()
        else:
            self._draw(job)
        return job

    def consult(self, model_id: str, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.broken:
            future.set_exception(ConsultFailed(self.broken))
        else:
            future.set_result(work(self._tiny(), *args, **kwargs))
        return future

    def forget(self) -> None:
        """As if every job so far had ended long ago."""
        self.submitted.clear()
        self._jobs.clear()

    def job(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def status(self) -> SimpleNamespace:
        busy = sum(not job.ended for job in self._jobs.values())
        return SimpleNamespace(
            state="busy" if busy else "idle", in_flight=busy, waiting=0, eta_seconds=None, downloads=()
        )

    def close(self) -> None:
        for job in self._jobs.values():
            job.cancel()

    def _tiny(self) -> LoadedModel:
        assert self._tiny_folder is not None, "this fake engine has no model to look inside"
        return load_tiny(self._tiny_folder())

    def _draw(self, job: Job) -> None:
        if self.broken:
            job.fail(self.broken)
            return
        for index, request in enumerate(job.requests):
            result = draw_traced(request, self._tiny()) if job.id in self._traced else paint(request)
            for step in range(1, request.num_inference_steps + 1) if self.step_seconds else ():
                time.sleep(self.step_seconds)
                noise = Image.effect_noise((16, 16), 100.0 / step).convert("RGB")
                job.stepped(index, step=step, steps=request.num_inference_steps, timestep=999 // step, preview=noise)
                if job.ended:
                    return
            job.finished(index, result)


ANATOMY = Anatomy(
    parts=(
        ModelPart(name="tokenizer", class_name="CLIPTokenizer", parameters=0, memory=0),
        ModelPart(name="text_encoder", class_name="CLIPTextModel", parameters=2_000_000, memory=8_000_000),
        ModelPart(name="unet", class_name="UNet2DConditionModel", parameters=6_000_000, memory=24_000_000),
        ModelPart(name="scheduler", class_name="PNDMScheduler", parameters=0, memory=0),
        ModelPart(name="vae", class_name="AutoencoderKL", parameters=1_000_000, memory=4_000_000),
    ),
    pass_gflop=0.5,
    load_seconds=1.25,
)


class Reader:
    """The part of a model that reads prompts: Pocket's own tokenizer."""

    def __init__(self) -> None:
        self.info = INFO
        self._tokenizer = pocket_tokenizer()

    def tokenize(self, prompt: str) -> list[str]:
        return list(self._tokenizer.tokenize(prompt))

    def vocabulary_ids(self, tokens: Sequence[str]) -> list[int]:
        return list(self._tokenizer.convert_tokens_to_ids(list(tokens)))


@cache
def pocket_tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(WEIGHTS_FOLDER / "tokenizer")


INFO = SimpleNamespace(
    id="pocket",
    name="Fake",
    source="a folder that is not there",
    lora="",
    available=True,
    reason="",
    native_size=SIDE,
    latent_channels=4,
    latent_side=16,
    vae_scale_factor=4,
    device="cpu",
    dtype="float32",
    licence="none",
    restrictions="None at all.",
    suits="every lesson",
    safety_note="Nothing looks at its pictures.",
    pipeline="StableDiffusionPipeline",
    default_scheduler="ddim",
    distilled=False,
    what_it_is="Paints noise.",
    what_it_is_not="Not a model.",
    prompt_tokens=32,
    default_steps=20,
    default_guidance_scale=7.5,
)
