"""Pictures to latents and back, noise added and predicted, and latents made visible. Latents are (1, C, h, w)."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dashboard.engine.errors import ConsultFailed
from dashboard.engine.models import LoadedModel
from dashboard.engine.networks import Networks
from dashboard.engine.pictures import as_pixels, decode_rgb
from dashboard.engine.probes.schedule import NOISING_SCHEDULER, check_timestep, schedule_table
from dashboard.engine.traces import as_noise, kept

FILTERED = "filtered"  # in the `info` of a decoded picture


def networks_of(model: LoadedModel) -> Networks:
    """The model's networks in its default dtype."""
    return model.networks(model.info.dtype)


def decode_latents(model: LoadedModel, latents: Tensor) -> Image.Image:
    """The picture that the VAE decodes. Where the model's safety checker withholds it, black, with `info[FILTERED]`."""
    try:
        rgb, filtered = decode_rgb(model, networks_of(model), latents)
    except FloatingPointError as error:
        raise ConsultFailed(f"These latents cannot be decoded: {error}.") from None
    picture = Image.fromarray(rgb)
    picture.info[FILTERED] = filtered
    return picture


def encode_image(model: LoadedModel, picture: Image.Image) -> Tensor:
    """The mean of the latents that the VAE gives a picture, scaled as the U-Net reads them."""
    info = model.info
    if any(side % info.size_multiple or not 0 < side <= info.max_size for side in picture.size):
        raise ConsultFailed(
            f"For {info.name} the sides of a picture must be multiples of {info.size_multiple} "
            f"and at most {info.max_size} pixels."
        )
    return kept(networks_of(model).encode_pixels(as_pixels(picture)))


def add_noise(model: LoadedModel, latents: Tensor, noise: Tensor, timestep: int) -> Tensor:
    """x_t = sqrt(abar) * latents + sqrt(1 - abar) * noise, by the scheduler's own `add_noise`."""
    check_timestep(model, timestep)
    scheduler = model.schedulers.new(NOISING_SCHEDULER)
    return kept(scheduler.add_noise(latents, noise, torch.tensor([timestep])))


def predict_noise(model: LoadedModel, latents: Tensor, timestep: int, prompt: str) -> Tensor:
    """One U-Net evaluation of unit latents (`StepTrace.unit_latents`, or what `add_noise` gives) with a prompt."""
    check_timestep(model, timestep)
    networks = networks_of(model)
    reading = networks.read(prompt)
    height, width = (side * model.info.vae_scale_factor for side in latents.shape[2:])
    added = networks.added(reading, height, width)
    networks.prepare(tuple(latents.shape[1:]), tuple(reading.text.shape[1:]), added)
    when = torch.tensor([float(timestep)]).to(reading.text)
    prediction = networks.predict_noise(latents.to(networks.device), when, reading.text, added)
    row = schedule_table(model)[timestep]
    kind = str(model.schedulers.config(NOISING_SCHEDULER)["prediction_type"])
    return as_noise(kept(prediction), latents, row.signal_scale, row.noise_scale, kind)


def latent_channel_images(latents: Tensor, *, limit: float | None = None) -> tuple[Image.Image, ...]:
    """Each channel as a grey picture, one pixel a latent place: mid-grey is 0, white `limit`, black -`limit`.

    Without a limit the largest absolute value is taken, so that channels can be compared but two tensors cannot.
    """
    largest = limit or float(latents.abs().max()) or 1.0
    grey = (latents[0].float().cpu() / largest * 127.5 + 127.5).clamp(0, 255).round().to(torch.uint8)  # (C, h, w)
    return tuple(Image.fromarray(np.ascontiguousarray(channel.numpy())) for channel in grey)


def latent_colours(model: LoadedModel, latents: Tensor) -> Image.Image:
    """A rough look, one pixel a latent place, without decoding: right for noise, which a decoder answers with mush."""
    return model.preview(networks_of(model)).image(latents)
