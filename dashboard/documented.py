"""What the installed diffusers says about the options of StableDiffusionPipeline, read from its source.

Its source file is parsed and never imported: importing the pipeline takes seconds.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PAGE = "https://huggingface.co/docs/diffusers/api/pipelines/stable_diffusion/text2img"
_SOURCE = "pipelines/stable_diffusion/pipeline_stable_diffusion.py"
_ENTRY = re.compile(r"^ {4}(\w+) ?[(:].*\n((?: {8}.*\n?)+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Option:
    """One argument of the pipeline's call."""

    name: str
    default: str  # as the source writes it
    said: str  # the documentation's own words, on one line

    @property
    def address(self) -> str:
        """The place in the library's API page."""
        return f"{PAGE}#diffusers.StableDiffusionPipeline.__call__.{self.name}"


@cache
def call_options() -> Mapping[str, Option]:
    """Every documented argument of `StableDiffusionPipeline.__call__`, by name, in its order."""
    call = _call()
    names = [argument.arg for argument in call.args.args]
    written = [ast.unparse(default) for default in call.args.defaults]
    defaults = dict(zip(names[len(names) - len(written) :], written, strict=True))
    said = {match[1]: " ".join(match[2].split()) for match in _ENTRY.finditer(ast.get_docstring(call) or "")}
    return {name: Option(name=name, default=defaults[name], said=said[name]) for name in defaults if name in said}


def _call() -> ast.FunctionDef:
    spec = find_spec("diffusers")
    assert spec is not None and spec.origin is not None, "diffusers is a requirement"
    tree = ast.parse((Path(spec.origin).parent / _SOURCE).read_text(encoding="utf-8"))
    return next(
        node
        for owner in tree.body
        if isinstance(owner, ast.ClassDef) and owner.name == "StableDiffusionPipeline"
        for node in owner.body
        if isinstance(node, ast.FunctionDef) and node.name == "__call__"
    )
