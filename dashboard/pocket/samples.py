"""The fixed sheet of prompts that shows what a Pocket can do: one seed each, nothing picked."""

import textwrap

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from PIL import Image, ImageDraw, ImageFont

SEED = 7
PROMPTS = (
    "a photo of a poodle on an astronaut",
    "a photograph of an astronaut riding a horse",
    "a movie poster of a robot in the city",
    "a movie poster of a lion in the desert",
    "a movie poster of a ghost at night",
    "a movie poster of an alien in space",
    "a movie poster of a penguin in the snow",
    "a photo of a man on a blue background",
    "a photo of a woman on the beach",
    "a wizard in the forest",
    "a photo of an astronaut in space",
    "a red car in the city",
    "a blue cat at the beach",
    "a green dog in the snow",
    "a giant rabbit in a meadow",
    "a tiny owl at night",
    "a photo of a panda in the forest",
    "a cartoon of a fox at sunset",
    "a pencil sketch of a horse",
    "a watercolor of a butterfly in a meadow",
    "a black and white photo of a castle in the mountains",
    "a pixel art of a frog under water",
    "a neon sign of a crown",
    "a 3d render of a unicorn on a pink background",
    "a whale under water",
    "a fish next to a sailboat",
    "a rocket in space",
    "a hamburger at the beach",
    "a slice of pizza on a yellow background",
    "a cake in the snow",
    "a rose on a white background",
    "a sunflower in a meadow",
    "a cactus in the desert",
    "a balloon in the mountains",
    "a house in the forest",
    "a snowman in the snow",
    "a purple horse at sunset",
    "a cat riding a rocket",
    "a poodle in the city",
    "a pink rabbit next to a yellow crown",
)
SHAPE_PROMPTS = ("a photo of a circle", "a photo of a square", "a blue star in space", "a red triangle at the beach")
CELL_PX, CAPTION_PX = 128, 44


def sample_sheet(
    pipeline: StableDiffusionPipeline, *, shapes_only: bool = False, steps: int = 20, guidance_scale: float = 5.0
) -> Image.Image:
    """Every prompt of the sheet at one seed, doubled in size, with its words below."""
    prompts = SHAPE_PROMPTS if shapes_only else PROMPTS
    return labelled(drawn(pipeline, prompts, steps=steps, guidance_scale=guidance_scale), prompts)


@torch.no_grad()
def drawn(
    pipeline: StableDiffusionPipeline, prompts: tuple[str, ...], *, steps: int = 20, guidance_scale: float = 5.0
) -> list[Image.Image]:
    """One image a prompt, all from the same seed."""
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    images: list[Image.Image] = []
    for start in range(0, len(prompts), 8):
        batch = list(prompts[start : start + 8])
        generators = [torch.Generator("cpu").manual_seed(SEED) for _ in batch]
        images += pipeline(batch, num_inference_steps=steps, guidance_scale=guidance_scale, generator=generators).images
    return images


def labelled(images: list[Image.Image], prompts: tuple[str, ...], columns: int = 8) -> Image.Image:
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (CELL_PX + 8) + 8, rows * (CELL_PX + CAPTION_PX) + 8), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=11)
    for index, (image, prompt) in enumerate(zip(images, prompts, strict=True)):
        x, y = 8 + index % columns * (CELL_PX + 8), 8 + index // columns * (CELL_PX + CAPTION_PX)
        sheet.paste(image.resize((CELL_PX, CELL_PX), Image.Resampling.BICUBIC), (x, y))
        draw.multiline_text((x, y + CELL_PX + 1), textwrap.fill(prompt, 23), fill="black", font=font, spacing=1)
    return sheet
