"""What the installed diffusers says about the options of its pipelines, read from its source.

The source files are parsed and never imported: importing a pipeline takes seconds.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

TEXT_TO_IMAGE = "StableDiffusionPipeline"
PIPELINES: Mapping[str, tuple[str, str]] = MappingProxyType(  # class -> source file, page of the API reference
    {
        TEXT_TO_IMAGE: ("stable_diffusion/pipeline_stable_diffusion", "stable_diffusion/text2img"),
        "StableDiffusionImg2ImgPipeline": (
            "stable_diffusion/pipeline_stable_diffusion_img2img",
            "stable_diffusion/img2img",
        ),
        "StableDiffusionInpaintPipeline": (
            "stable_diffusion/pipeline_stable_diffusion_inpaint",
            "stable_diffusion/inpaint",
        ),
        "StableDiffusionControlNetPipeline": ("controlnet/pipeline_controlnet", "controlnet"),
        "StableDiffusionInstructPix2PixPipeline": (
            "stable_diffusion/pipeline_stable_diffusion_instruct_pix2pix",
            "pix2pix",
        ),
        "StableDiffusionXLPipeline": (
            "stable_diffusion_xl/pipeline_stable_diffusion_xl",
            "stable_diffusion/stable_diffusion_xl",
        ),
        "StableDiffusion3Pipeline": (
            "stable_diffusion_3/pipeline_stable_diffusion_3",
            "stable_diffusion/stable_diffusion_3",
        ),
        "FluxPipeline": ("flux/pipeline_flux", "flux"),
    }
)
REFERENCE = "https://huggingface.co/docs/diffusers/api/pipelines"
# "name (`type`, *optional*): the text may begin here" and its lines, indented deeper
_ENTRY = re.compile(r"^ {4}(\w+) ?(?:: ?)?(?:\((.*?)\))?:?(.*)\n((?: {8}.*\n?)*)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Option:
    """One argument of a pipeline's call."""

    name: str
    kind: str  # its type, as the source writes it; empty where it writes none
    default: str  # as the source writes it; empty where the argument must be given
    said: str  # the documentation's own words, on one line; empty where it has none
    owner: str = TEXT_TO_IMAGE  # the pipeline's class

    @property
    def address(self) -> str:
        """The place in the library's API page."""
        return f"{REFERENCE}/{PIPELINES[self.owner][1]}#diffusers.{self.owner}.__call__.{self.name}"


@cache
def call_options(pipeline: str = TEXT_TO_IMAGE) -> Mapping[str, Option]:
    """Every argument of the pipeline's `__call__`, by name, in its order. KeyError for a class not in PIPELINES."""
    call = _method(_class(pipeline), "__call__")
    arguments = [argument for argument in call.args.args if argument.arg != "self"]
    written = [ast.unparse(default) for default in call.args.defaults]
    defaults = [""] * (len(arguments) - len(written)) + written
    said = _said(ast.get_docstring(call) or "")
    return MappingProxyType(
        {
            argument.arg: Option(
                name=argument.arg,
                kind=ast.unparse(argument.annotation) if argument.annotation else "",
                default=default,
                said=said.get(argument.arg, ""),
                owner=pipeline,
            )
            for argument, default in zip(arguments, defaults, strict=True)
        }
    )


@cache
def pipeline_purpose(pipeline: str) -> str:
    """The first paragraph of the class's own documentation, on one line; empty where it begins with its arguments."""
    first = (ast.get_docstring(_class(pipeline)) or "").strip().split("\n\n")[0]
    return "" if first.startswith("Args:") else " ".join(first.split())


def _said(docstring: str) -> dict[str, str]:
    """The words about each argument. Sections that follow the arguments are no arguments."""
    body = re.split(r"^(?:Examples?|Returns?):", docstring, flags=re.MULTILINE)[0]
    return {match[1]: " ".join(f"{match[3]} {match[4]}".split()) for match in _ENTRY.finditer(body)}


def _class(pipeline: str) -> ast.ClassDef:
    spec = find_spec("diffusers")
    assert spec is not None and spec.origin is not None, "diffusers is a requirement"
    source = Path(spec.origin).parent / "pipelines" / f"{PIPELINES[pipeline][0]}.py"
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == pipeline)


def _method(owner: ast.ClassDef, name: str) -> ast.FunctionDef:
    return next(node for node in owner.body if isinstance(node, ast.FunctionDef) and node.name == name)
