"""Pocket: the small latent diffusion model that this project trains itself and ships.

`world` renders the scenes it learns from, `model` holds its architecture, `train` trains it and
`weights/` is an ordinary diffusers folder that loads without any of this code; `fast/` is a LoRA beside it, for four
steps without guidance.
"""

from pathlib import Path

WEIGHTS_FOLDER = Path(__file__).parent / "weights"
FAST_FILE = Path(__file__).parent / "fast" / "pytorch_lora_weights.safetensors"
