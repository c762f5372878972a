"""The engine: image requests in, images and events out, computed in step-level batches for everyone at once.

    engine = build_engine(Settings.load())
    job = engine.submit([ImageRequest(prompt="a poodle", seed=seed) for seed in range(6)])
    for event in job.events(): ...
    images = [result.image() for result in job.results()]

Where things are: `engine` takes requests and `worker` computes them, one tick (`batch`) after another, each image with
its own loop state (`denoising`); `board` knows whose turn it is, `rows` keeps equal requests equal bit for bit.

To look inside: `submit(..., traced=True)` keeps every step (`result.trace`), and `consult` runs one of `probes`.
"""

from dashboard.engine import probes
from dashboard.engine.engine import Engine, EngineStatus
from dashboard.engine.errors import ConsultFailed, JobCancelled, JobFailed, ModelUnavailable, QueueFull, UnknownModel
from dashboard.engine.events import Cancelled, Event, Failed, Finished, ImageDone, Queued, Step
from dashboard.engine.jobs import CellStatus, Job, JobSnapshot
from dashboard.engine.memo import Memo
from dashboard.engine.metrics import (
    CLOSE,
    Comparison,
    clipped_share,
    compare,
    difference_map,
    max_difference,
    mean_abs_difference,
    psnr,
    saturation,
)
from dashboard.engine.model_info import ModelInfo
from dashboard.engine.models import LoadedModel
from dashboard.engine.noise import initial_noise, slerp
from dashboard.engine.parts import Anatomy, ModelPart
from dashboard.engine.pins import Pins
from dashboard.engine.registry import ModelRegistry
from dashboard.engine.requests import ImageRequest, Latents
from dashboard.engine.results import ImageResult
from dashboard.engine.schedulers import SCHEDULERS, SPACINGS, SchedulerInfo, SchedulerShelf
from dashboard.engine.tokens import PromptReading, TokenReport, read_prompt, token_report
from dashboard.engine.traces import StepTrace, Trace
from dashboard.engine.words import LearnedWord
from dashboard.settings import Settings


def build_engine(settings: Settings) -> Engine:
    """The engine that the settings describe. Loads no model yet. ValueError for a setting that makes no sense."""
    pins = Pins(settings.data_dir / "downloaded-models.json")
    models = ModelRegistry.build(
        settings.models,
        device=settings.device,
        dtype=settings.dtype,
        safety=settings.safety,
        speed=settings.speed,
        pins=pins,
    )
    memo = Memo(settings.data_dir / "memo", max_bytes=settings.memo_megabytes * 1_000_000)
    return Engine(
        models, memo=memo, max_waiting=settings.max_waiting, threads=settings.threads, max_models=settings.max_models
    )


__all__ = [
    "CLOSE",
    "SCHEDULERS",
    "SPACINGS",
    "Anatomy",
    "Cancelled",
    "CellStatus",
    "Comparison",
    "ConsultFailed",
    "Engine",
    "EngineStatus",
    "Event",
    "Failed",
    "Finished",
    "ImageDone",
    "ImageRequest",
    "ImageResult",
    "Job",
    "JobCancelled",
    "JobFailed",
    "JobSnapshot",
    "Latents",
    "LearnedWord",
    "LoadedModel",
    "Memo",
    "ModelInfo",
    "ModelPart",
    "ModelRegistry",
    "ModelUnavailable",
    "PromptReading",
    "QueueFull",
    "Queued",
    "SchedulerInfo",
    "SchedulerShelf",
    "Step",
    "StepTrace",
    "TokenReport",
    "Trace",
    "UnknownModel",
    "build_engine",
    "clipped_share",
    "compare",
    "difference_map",
    "initial_noise",
    "max_difference",
    "mean_abs_difference",
    "probes",
    "psnr",
    "read_prompt",
    "saturation",
    "slerp",
    "token_report",
]
