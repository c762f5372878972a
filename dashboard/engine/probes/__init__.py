"""Short looks at a model, made for `Engine.consult`.

    picture = engine.consult("pocket", probes.decode_latents, latents).result()

They compute in the model's default dtype and give float32 tensors on the CPU. What makes no sense for the model raises
ConsultFailed with one sentence.
"""

from dashboard.engine.probes.attention import AttentionMaps, WordMap, attention_maps, recorded_attention
from dashboard.engine.probes.guidance import GuidanceParts, guidance_parts
from dashboard.engine.probes.latents import (
    FILTERED,
    add_noise,
    decode_latents,
    encode_image,
    latent_channel_images,
    latent_colours,
    predict_noise,
)
from dashboard.engine.probes.schedule import ScheduleRow, schedule_table
from dashboard.engine.probes.words import cosines, text_states, word_vectors

__all__ = [
    "FILTERED",
    "AttentionMaps",
    "GuidanceParts",
    "ScheduleRow",
    "WordMap",
    "add_noise",
    "attention_maps",
    "cosines",
    "decode_latents",
    "encode_image",
    "guidance_parts",
    "latent_channel_images",
    "latent_colours",
    "predict_noise",
    "recorded_attention",
    "schedule_table",
    "text_states",
    "word_vectors",
]
