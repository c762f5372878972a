"""Looks inside a model, each against diffusers' or the transformer's own computation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from asking import ask
from diffusers import DDIMScheduler
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

from dashboard.engine import ConsultFailed, ModelRegistry, initial_noise, max_difference, probes, read_prompt

PROMPT = "a photo of a zebra on an astronaut"
SHAPE = (1, 4, 8, 8)


@pytest.fixture(scope="module")
def model(registry):
    return registry.get("tiny")


@pytest.fixture
def run(engine):
    """A guided run of the tiny model, and its result."""
    return engine.submit([ask(PROMPT, seed=5, scheduler="ddim")], traced=True).results()[0]


def picture(seed: int = 0, size: tuple[int, int] = (32, 32)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


# ---- latents


def test_decoding_the_final_latents_gives_the_image(engine, run):
    assert max_difference(engine.consult("tiny", probes.decode_latents, run.trace.latents).result(), run.array()) == 0


def test_what_overflows_is_said(model):
    with pytest.raises(ConsultFailed, match="too large for float32"):
        probes.decode_latents(model, torch.full(SHAPE, math.nan))


def test_a_refused_picture_is_black(model, monkeypatch):
    class Refuses:
        def refuses(self, _):
            return True

    monkeypatch.setattr(model, "safety_checker", Refuses())
    assert not np.asarray(probes.decode_latents(model, initial_noise(0, SHAPE))).any()


def test_encoding_is_the_mean_of_diffusers_own(pipe, model):
    pixels = VaeImageProcessor(vae_scale_factor=4).preprocess(picture())
    with torch.inference_mode():
        expected = pipe.vae.encode(pixels).latent_dist.mode() * pipe.vae.config.scaling_factor
    assert torch.allclose(probes.encode_image(model, picture()), expected, atol=1e-4)


@pytest.mark.parametrize("size", [(33, 32), (0, 0), (128, 32), (32, 4)])
def test_pictures_that_do_not_fit_are_refused(model, size):
    fake = Image.new("RGB", size)
    with pytest.raises(ConsultFailed, match="multiples of 8"):
        probes.encode_image(model, fake)


@pytest.mark.parametrize("timestep", [0, 400, 999])
def test_adding_noise_is_equation_4(model, timestep):
    latents, noise = initial_noise(1, SHAPE), initial_noise(2, SHAPE)
    row = probes.schedule_table(model)[timestep]
    expected = row.signal_scale * latents + row.noise_scale * noise
    assert torch.allclose(probes.add_noise(model, latents, noise, timestep), expected, atol=1e-6)


@pytest.mark.parametrize("timestep", [-1, 1000])
def test_timesteps_outside_the_training_are_refused(model, timestep):
    with pytest.raises(ConsultFailed, match="from 0 to 999"):
        probes.add_noise(model, initial_noise(1, SHAPE), initial_noise(2, SHAPE), timestep)
    with pytest.raises(ConsultFailed, match="from 0 to 999"):
        probes.predict_noise(model, initial_noise(1, SHAPE), timestep, "")


@pytest.mark.parametrize("scheduler", ["ddim", "euler"])
def test_one_evaluation_is_the_runs_own(engine, model, scheduler):
    step = engine.submit([ask(PROMPT, scheduler=scheduler)], traced=True).results()[0].trace.steps[1]
    again = probes.predict_noise(model, step.unit_latents, step.timestep, PROMPT)
    assert torch.allclose(again, step.conditional, atol=1e-5)
    assert torch.allclose(
        probes.predict_noise(model, step.unit_latents, step.timestep, ""), step.unconditional, atol=1e-5
    )


def test_channels_as_grey_pictures():
    latents = torch.zeros(SHAPE)
    latents[0, 1, 2, 3], latents[0, 2, 0, 0] = 2.0, -4.0
    pictures = probes.latent_channel_images(latents)
    assert [p.size for p in pictures] == [(8, 8)] * 4
    assert pictures[0].getextrema() == (128, 128)  # 127.5, rounded to even
    assert pictures[1].getpixel((3, 2)) == 191 and pictures[2].getpixel((0, 0)) == 0
    assert probes.latent_channel_images(latents, limit=2.0)[1].getpixel((3, 2)) == 255
    assert probes.latent_channel_images(torch.zeros(SHAPE))[0].getextrema() == (128, 128)


def test_rough_colours_have_a_pixel_a_latent_place(model):
    assert probes.latent_colours(model, initial_noise(0, (1, 4, 8, 6))).size == (6, 8)


# ---- schedule and guidance


def test_the_schedule_is_diffusers_own(model, tiny_folder):
    expected = DDIMScheduler.from_pretrained(tiny_folder, subfolder="scheduler").alphas_cumprod
    rows = probes.schedule_table(model)
    assert [row.timestep for row in rows] == list(range(1000))
    assert torch.equal(torch.tensor([row.alpha_cumprod for row in rows]), expected)
    snr = [row.snr for row in rows]
    assert snr == sorted(snr, reverse=True)
    assert all(row.signal_scale**2 + row.noise_scale**2 == pytest.approx(1) for row in rows)
    assert rows[500].log_snr == pytest.approx(math.log(rows[500].signal_scale ** 2 / rows[500].noise_scale ** 2))


def test_guidance_adds_up(run):
    step = run.trace.steps[2]
    parts = probes.guidance_parts(step)
    assert torch.equal(parts.guided, step.noise)
    assert torch.equal(parts.unconditional + 7.5 * parts.difference, parts.guided)
    with pytest.raises(ValueError, match="no guidance"):
        probes.guidance_parts(replace(step, unconditional=None))


# ---- words


def test_a_prompt_is_read_place_by_place(model):
    reading = read_prompt(model, PROMPT)
    assert [token.position for token in reading.tokens] == list(range(24))
    kinds = [token.kind for token in reading.tokens]
    words = kinds.count("word")
    assert kinds == ["start", *["word"] * words, "end", *["padding"] * (22 - words)]
    assert [word.text for word in reading.words] == PROMPT.split()
    assert [p for word in reading.words for p in word.positions] == list(range(1, words + 1))
    zebra = reading.words[4]
    assert len(zebra.positions) > 1
    assert "".join(reading.tokens[p].text for p in zebra.positions) == "zebra</w>"
    assert [t.id for t in reading.tokens] == model.tokenizer(PROMPT, padding="max_length", max_length=24).input_ids


def test_a_word_that_is_cut_in_two_is_still_a_word(model):
    reading = read_prompt(model, "a " * 20 + "zebra")
    assert [word.text for word in reading.words][-1] == "ze"
    assert reading.dropped == ("b", "r", "a</w>")
    assert [token.kind for token in reading.tokens].count("padding") == 0


def test_a_words_vector_is_its_tokens_mean(model, pipe):
    table = pipe.text_encoder.get_input_embeddings().weight.detach()
    ids = pipe.tokenizer("zebra", add_special_tokens=False).input_ids
    owl, zebra = probes.word_vectors(model, ["owl", "zebra"])
    assert len(ids) > 1 and torch.equal(zebra, table[ids].mean(0))
    assert torch.equal(owl, table[pipe.tokenizer("owl", add_special_tokens=False).input_ids[0]])
    with pytest.raises(ConsultFailed, match="no letters"):
        probes.word_vectors(model, ["owl", " "])


def test_the_states_are_what_the_unet_reads(model, pipe):
    ids = pipe.tokenizer(PROMPT, padding="max_length", max_length=24, truncation=True, return_tensors="pt").input_ids
    with torch.inference_mode():
        expected = pipe.text_encoder(ids)[0][0]
    states = probes.text_states(model, PROMPT)
    assert states.shape == (24, 32) and torch.allclose(states, expected, atol=1e-5)


def test_cosines():
    vectors = torch.tensor([[1.0, 0.0], [0.0, 3.0], [-2.0, 0.0], [1.0, 1.0]])
    found = probes.cosines(vectors)
    assert torch.allclose(found[0], torch.tensor([1.0, 0.0, -1.0, 0.5**0.5]))
    assert torch.equal(found, found.T)


# ---- attention


def test_every_place_spends_its_whole_attention(engine, run):
    step = run.trace.steps[1]
    maps = engine.consult("tiny", probes.attention_maps, PROMPT, step).result()
    assert (maps.step, maps.timestep, maps.layers) == (1, step.timestep, 4)
    assert [word.word for word in maps.words] == PROMPT.split()
    everything = [word.map for word in maps.words] + [maps.start, maps.end, maps.padding]
    assert all(m.shape == (8, 8) and m.min() >= 0 for m in everything)
    assert torch.allclose(torch.stack(everything).sum(0), torch.ones(8, 8), atol=1e-5)
    assert maps.words[4].map.mean() > 0


def test_recording_changes_nothing(model, run):
    """The same U-Net call with and without the recorders, bit for bit, and the run's own prediction."""
    step = run.trace.steps[1]
    plain = probes.predict_noise(model, step.unit_latents, step.timestep, PROMPT)
    maps = probes.attention_maps(model, PROMPT, step)
    assert torch.equal(maps.prediction, plain)
    assert torch.allclose(maps.prediction, step.conditional, atol=1e-5)


def test_the_recorded_probabilities_are_those_that_the_layer_uses(model, run):
    """Values weighed with diffusers' own attention scores give the layer's output; their mean is what was recorded."""
    unet = model.networks("float32").unet
    layer = unet.mid_block.attentions[0].transformer_blocks[0].attn2
    calls = []
    hook = layer.register_forward_hook(lambda _, args, named, out: calls.append((args, named, out)), with_kwargs=True)
    try:
        with probes.recorded_attention(model.networks("float32")) as layers:
            probes.predict_noise(model, run.trace.steps[1].unit_latents, run.trace.steps[1].timestep, PROMPT)
    finally:
        hook.remove()
    (args, named, output) = calls[0]
    with torch.inference_mode():
        text = named["encoder_hidden_states"]
        query, key, value = (
            layer.head_to_batch_dim(x) for x in (layer.to_q(args[0]), layer.to_k(text), layer.to_v(text))
        )
        scores = layer.get_attention_scores(query, key)  # (heads, places, T)
        expected = layer.to_out[0](layer.batch_to_head_dim(scores @ value))
    assert torch.allclose(expected, output, atol=1e-5)
    recorded = layers["mid_block.attentions.0.transformer_blocks.0.attn2"]
    assert torch.allclose(recorded, scores[: layer.heads].mean(0), atol=1e-5)


def test_the_ordinary_processors_come_back_even_after_an_error(model):
    networks = model.networks("float32")
    before = dict(networks.unet.attn_processors)
    with pytest.raises(RuntimeError), probes.recorded_attention(networks):
        assert networks.unet.attn_processors != before
        raise RuntimeError("trouble")
    assert networks.unet.attn_processors == before


def test_maps_of_a_picture_that_is_not_square(engine):
    request = ask(PROMPT, width=48, height=32, scheduler="ddim")
    step = engine.submit([request], traced=True).results()[0].trace.steps[0]
    maps = engine.consult("tiny", probes.attention_maps, PROMPT, step).result()
    assert maps.words[0].map.shape == (8, 12)


def test_every_word_too_long_for_the_model_still_sums_up(engine):
    prompt = "owl " * 40
    step = engine.submit([ask(prompt)], traced=True).results()[0].trace.steps[0]
    maps = engine.consult("tiny", probes.attention_maps, prompt, step).result()
    assert len(maps.words) == 22 and float(maps.padding.abs().max()) == 0.0


def test_pockets_words_look_where_they_are_drawn(make_engine):
    """On the model that ships: of all words the subject's map differs most from one place to another."""
    engine = make_engine(ModelRegistry.build([], device="cpu"))
    prompt = "a red car in the city"
    request = ask(prompt, model="pocket", seed=3, num_inference_steps=8, scheduler="ddim", guidance_scale=5.0)
    steps = engine.submit([request], traced=True).results(120)[0].trace.steps
    maps = [engine.consult("pocket", probes.attention_maps, prompt, step).result() for step in steps]
    assert maps[0].words[2].map.shape == (16, 16)
    spread = {w.word: sum(float(m.words[i].map.std()) for m in maps) for i, w in enumerate(maps[0].words)}
    assert spread["car"] > spread["a"] and spread["car"] > spread["the"]
