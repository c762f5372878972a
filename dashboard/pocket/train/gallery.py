"""Makes what the data explorer shows: `python -m dashboard.pocket.train.gallery`. Needs the artwork, and the scorer.

Run it again when the autoencoder or the scorer changes.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from dashboard.pocket import WEIGHTS_FOLDER
from dashboard.pocket.explorer import GALLERY, SHOWN, quantised
from dashboard.pocket.score import SCORER_FOLDER, Scorer
from dashboard.pocket.train.data import World, load_world, to_pixels, training_scene
from dashboard.pocket.train.examples import draw_scenes, to_images
from dashboard.pocket.world.art import ArtMissing

_CHUNK = 100


@torch.inference_mode()
def build_gallery(world: World, vae: AutoencoderKL, scorer: Scorer, count: int, out: Path) -> None:
    """Latents in 8 bits and embeddings in 16 of the first `count` training scenes, in one file.

    The embeddings are those of the pictures as they are shown: decoded from these very latents.
    """
    latents = []
    for start in range(0, count, _CHUNK):
        scenes = tuple(training_scene(index, world.cast) for index in range(start, min(start + _CHUNK, count)))
        latents.append(vae.encode(to_pixels(draw_scenes(scenes, world))).latent_dist.mode().numpy())
    codes, step = quantised(np.concatenate(latents))
    embeddings = []
    for start in range(0, count, _CHUNK):
        shown = torch.from_numpy(codes[start : start + _CHUNK].astype(np.float32) * step)
        embeddings.append(scorer.image_embeddings(list(to_images(vae.decode(shown).sample))))
    np.savez_compressed(out, latents=codes, step=step, embeddings=np.concatenate(embeddings).astype(np.float16))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboard.pocket.train.gallery", description=__doc__)
    parser.add_argument("--scorer", type=Path, default=SCORER_FOLDER)
    parser.add_argument("--out", type=Path, default=GALLERY)
    args = parser.parse_args(argv)
    vae = AutoencoderKL.from_pretrained(WEIGHTS_FOLDER / "vae").eval()
    try:
        build_gallery(load_world(), vae, Scorer(args.scorer), SHOWN, args.out)
    except ArtMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
