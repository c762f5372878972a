"""Writes Pocket's model card from what was really trained: `python -m dashboard.pocket.card --work FOLDER`.

Every number in the card is measured here or read from the training's own log.
"""

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import torch
from diffusers import StableDiffusionPipeline
from torch.utils.flop_counter import FlopCounterMode

from dashboard.pocket import WEIGHTS_FOLDER
from dashboard.pocket.samples import SEED, sample_sheet
from dashboard.pocket.train.budgets import BUDGETS, Budget
from dashboard.pocket.train.data import load_world, to_pixels, training_scene
from dashboard.pocket.world.captions import caption
from dashboard.pocket.world.render import IMAGE_PX, render
from dashboard.pocket.world.scene import PLACES, RELATIONS, STYLES
from dashboard.pocket.world.subjects import COLOURS

CARD_FOLDER = Path(__file__).parent
TEMPLATE = CARD_FOLDER / "card_template.md"
UNSEEN_SCENES = 500


@dataclass(frozen=True)
class Part:
    name: str
    parameters: int
    megabytes: float


def parts(pipeline: StableDiffusionPipeline, folder: Path) -> list[Part]:
    networks = {"unet": "U-Net", "vae": "Autoencoder (VAE)", "text_encoder": "Text encoder"}
    return [
        Part(
            label,
            sum(parameter.numel() for parameter in getattr(pipeline, name).parameters()),
            sum(path.stat().st_size for path in (folder / name).glob("*.safetensors")) / 1e6,
        )
        for name, label in networks.items()
    ]


def weights_sha256(folder: Path) -> str:
    """One hash over every weight file, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@torch.no_grad()
def gflop_per_row(pipeline: StableDiffusionPipeline) -> float:
    """One pass of the U-Net over one latent; a multiplication and an addition count as two operations."""
    unet = pipeline.unet
    side = unet.config.sample_size
    words = torch.zeros(1, pipeline.tokenizer.model_max_length, unet.config.cross_attention_dim)
    with FlopCounterMode(display=False) as counter:
        unet(torch.zeros(1, unet.config.in_channels, side, side), 1, words)
    return counter.get_total_flops() / 1e9


@torch.no_grad()
def reconstruction_psnr(pipeline: StableDiffusionPipeline, trained_on: int) -> tuple[float, float]:
    """Mean PSNR in dB of the autoencoder's round trip over scenes it never saw, and its 95% half interval."""
    world = load_world()
    values = []
    for start in range(trained_on, trained_on + UNSEEN_SCENES, 50):
        scenes = [training_scene(index, world.cast) for index in range(start, start + 50)]
        pixels = to_pixels(np.stack([np.asarray(render(scene, world.cast, world.art).image) for scene in scenes]))
        decoded = pipeline.vae.decode(pipeline.vae.encode(pixels).latent_dist.mode()).sample.clamp(-1, 1)
        errors = (decoded - pixels).square().mean(dim=(1, 2, 3))
        values += (10 * torch.log10(4 / errors)).tolist()
    return float(np.mean(values)), float(1.96 * np.std(values) / len(values) ** 0.5)


def loss_chart(losses: pd.DataFrame) -> alt.HConcatChart:
    """The autoencoder's PSNR and the U-Net's noise error over their steps."""

    def curve(loss: str, title: str, axis: str) -> alt.Chart:
        shown = losses[losses["loss"] == loss]
        return (
            alt.Chart(shown, title=title)
            .mark_line()
            .encode(x=alt.X("step:Q", title="training step"), y=alt.Y("value:Q", title=axis).scale(zero=False))
            .properties(width=320, height=200)
        )

    return alt.hconcat(
        curve("psnr_db", "Autoencoder", "PSNR on training scenes, dB"),
        curve("noise_mse", "U-Net and text encoder", "mean squared noise error"),
    )


def card_text(pipeline: StableDiffusionPipeline, folder: Path, losses: pd.DataFrame, budget: Budget) -> str:
    """The template filled with what was measured."""
    psnr, margin = reconstruction_psnr(pipeline, budget.scenes)
    steps = losses.groupby("phase")["step"].max()
    cast = load_world().cast
    by_kind: dict[str, list[str]] = {}
    for subject in cast.subjects:
        by_kind.setdefault(subject.kind, []).append(subject.name)
    captions = [caption(training_scene(index, cast), cast, np.random.default_rng(index)) for index in range(6)]
    unet, tokenizer = pipeline.unet.config, pipeline.tokenizer
    return TEMPLATE.read_text(encoding="utf-8").format(
        parts="\n".join(
            f"| {part.name} | {part.parameters / 1e6:.2f} M | {part.megabytes:.1f} MB |"
            for part in parts(pipeline, folder)
        ),
        compression=IMAGE_PX**2 * 3 // (unet.in_channels * unet.sample_size**2),
        prompt_tokens=tokenizer.model_max_length,
        gflop=gflop_per_row(pipeline),
        sha256=weights_sha256(folder),
        scenes=budget.scenes,
        diffusion_seen=int(steps["diffusion"]) * budget.diffusion.batch_size,
        vae_seen=int(steps["vae"]) * budget.vae.batch_size,
        subject_count=len(cast.subjects),
        subjects="\n".join(f"- **{kind}**: {', '.join(names)}" for kind, names in by_kind.items()),
        place_count=len(PLACES),
        places=", ".join(PLACES),
        colour_count=len(COLOURS),
        colours=", ".join(COLOURS),
        relations=", ".join(RELATIONS),
        styles=", ".join(STYLES),
        examples="\n".join(f"- {text}" for text in captions),
        unseen=UNSEEN_SCENES,
        psnr=psnr,
        margin=margin,
        seed=SEED,
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboard.pocket.card", description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="the training's folder for its budget (holds losses.csv)"
    )
    parser.add_argument("--budget", choices=sorted(BUDGETS), default="cpu")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_FOLDER)
    parser.add_argument("--out", type=Path, default=CARD_FOLDER)
    args = parser.parse_args(argv)
    losses = pd.read_csv(args.work / "losses.csv")
    pipeline = StableDiffusionPipeline.from_pretrained(args.weights)
    pictures = args.out / "card"
    pictures.mkdir(parents=True, exist_ok=True)
    loss_chart(losses).save(pictures / "losses.svg")
    sample_sheet(pipeline).save(pictures / "samples.png")
    text = card_text(pipeline, args.weights, losses, BUDGETS[args.budget])
    (args.out / "MODEL_CARD.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
