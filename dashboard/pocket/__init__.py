"""Pocket: the small latent diffusion model that this project trains itself and ships.

`world` renders the scenes it learns from, `model` holds its architecture, `train` trains it and
`weights/` is an ordinary diffusers folder that loads without any of this code.
"""

from pathlib import Path

WEIGHTS_FOLDER = Path(__file__).parent / "weights"
