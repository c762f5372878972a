"""One tick: every image given takes one scheduler step, and the U-Net runs once over all their rows together."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import torch

from dashboard.engine.denoising import Denoising
from dashboard.engine.linear_steps import LOOK_BACK, guide, step_together

logger = logging.getLogger(__name__)


@torch.inference_mode()
def advance(images: Sequence[Denoising]) -> dict[Denoising, Exception]:
    """Take one step with each image. An image whose step fails is returned with its error; the others go on.

    Images of other models, dtypes or sizes cannot share a U-Net call; each such group makes its own.
    """
    failures: dict[Denoising, Exception] = {}
    for group in _groups(images):
        failures |= _advance_group(group)
    return failures


def _groups(images: Sequence[Denoising]) -> list[list[Denoising]]:
    groups: dict[tuple[int, torch.Size], list[Denoising]] = {}
    for image in images:
        groups.setdefault((id(image.networks), image.latents.shape), []).append(image)
    return list(groups.values())


def _advance_group(images: list[Denoising]) -> dict[Denoising, Exception]:
    start = time.perf_counter()
    error: Exception | None = None
    try:
        predictions = _predict(images)
    except Exception as caught:  # any fault of one image must not stop the others: they are told apart below
        error = caught
    if error is not None:  # outside the handler, so that the failed batch's memory is free again
        if len(images) == 1:
            logger.error("An image could not be denoised.", exc_info=error)
            return {images[0]: error}
        error = None
        return {image: e for one in images for image, e in _advance_group([one]).items()}
    return _step_all(images, predictions, start)


def _predict(images: Sequence[Denoising]) -> list[torch.Tensor]:
    """The U-Net's predictions, one tensor (R, C, h, w) an image."""
    rows = [image.rows() for image in images]
    added = [r.added for r in rows if r.added is not None]  # all or none: they share one model
    predictions = images[0].networks.predict_noise(
        torch.cat([r.samples for r in rows]),
        torch.cat([r.timesteps for r in rows]),
        torch.cat([r.text for r in rows]),
        torch.cat(added) if added else None,
    )
    return list(predictions.split([len(r.samples) for r in rows]))


def _step_all(
    images: Sequence[Denoising], predictions: Sequence[torch.Tensor], start: float
) -> dict[Denoising, Exception]:
    failures: dict[Denoising, Exception] = {}
    together = [(image, p) for image, p in zip(images, predictions, strict=True) if image.table is not None]
    if together:
        _step_together(together)
    for image, prediction in zip(images, predictions, strict=True):
        if image.table is not None:
            continue
        try:
            image.step(prediction)
        except Exception as error:  # one image's scheduler must not stop the others
            logger.error("An image's scheduler failed.", exc_info=error)
            failures[image] = error
    share = (time.perf_counter() - start) / sum(image.rows_a_step for image in images)
    for image in images:
        image.seconds += share * image.rows_a_step
    return failures


def _step_together(pairs: Sequence[tuple[Denoising, torch.Tensor]]) -> None:
    """The scheduler steps of all images that have a table, as one weighted sum."""
    images = [image for image, _ in pairs]
    latents = torch.cat([image.latents for image in images])
    blank = latents.new_zeros((2 * LOOK_BACK - 2, *latents.shape[1:]))
    past = torch.stack([blank if image.past is None else image.past for image in images])
    weights = torch.stack([image.table.weights[image.step_index] for image in images if image.table is not None])
    guided = guide([prediction for _, prediction in pairs], [image.request.guidance_scale for image in images])
    following, seen = step_together(latents, guided, past, weights)
    for index, image in enumerate(images):
        if image.table is not None:
            image.stepped(following[index : index + 1], image.table.timesteps[image.step_index], seen[index])
