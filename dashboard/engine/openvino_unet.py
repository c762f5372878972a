"""The U-Net in OpenVINO, on a processor: converted once for a size of latents, compiled once for each number of rows.

Compiled for fixed shapes, because OpenVINO loses most of its gain where shapes may change. The package is an extra:
`pip install -r requirements-openvino.txt`.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from dashboard.building import BUILDING

SIZES_KEPT = 2  # picture sizes; each has a copy of the weights for each number of rows
PRECISIONS = {torch.float32: "f32", torch.bfloat16: "bf16"}


def is_installed() -> bool:
    return find_spec("openvino") is not None


class OpenVinoUNet:
    """Called as the U-Net is. Used by one thread at a time; takes as many processor threads as torch may there."""

    def __init__(self, unet: nn.Module, dtype: torch.dtype) -> None:
        """`unet`: float32, not made row-stable. `dtype`: what products are computed in, float32 or bfloat16."""
        self._unet, self._precision = unet, PRECISIONS[dtype]
        self._converted: dict[tuple[torch.Size, ...], Any] = {}  # by the inputs' shapes of one row
        self._requests: dict[tuple[torch.Size, ...], Any] = {}  # compiled, by the inputs' shapes

    def __call__(self, samples: Tensor, timesteps: Tensor, text: Tensor, **_: object) -> tuple[Tensor]:
        """(R, C, h, w), (R,), (R, T, D) -> ((R, C, h, w),), which the next call overwrites."""
        inputs = [tensor.float().contiguous() for tensor in (samples, timesteps, text)]
        shapes = tuple(tensor.shape for tensor in inputs)
        if shapes not in self._requests:
            self._requests[shapes] = self._compile(inputs)
        outcome = self._requests[shapes].infer([tensor.numpy() for tensor in inputs], share_inputs=True)
        return (torch.from_numpy(outcome[0]),)

    def _compile(self, inputs: list[Tensor]) -> Any:
        import openvino

        row = tuple(tensor.shape[1:] for tensor in inputs)
        if row not in self._converted:
            if len(self._converted) == SIZES_KEPT:
                self._forget(next(iter(self._converted)))
            self._converted[row] = _convert(self._unet, inputs)
        model = self._converted[row].clone()
        model.reshape({place: list(tensor.shape) for place, tensor in enumerate(inputs)})
        options = {
            "INFERENCE_PRECISION_HINT": self._precision,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
        }
        return openvino.Core().compile_model(model, "CPU", options).create_infer_request()

    def _forget(self, row: tuple[torch.Size, ...]) -> None:
        del self._converted[row]
        for shapes in [shapes for shapes in self._requests if tuple(shape[1:] for shape in shapes) == row]:
            del self._requests[shapes]


class _Positional(nn.Module):
    """The U-Net with its prediction as a bare tensor, which is what can be traced."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, samples: Tensor, timesteps: Tensor, text: Tensor) -> Tensor:
        prediction: Tensor = self.unet(samples, timesteps, text, return_dict=False)[0]
        return prediction


def _convert(unet: nn.Module, inputs: list[Tensor]) -> Any:
    """OpenVINO's form of the network for any number of rows; it is traced, with torch patched meanwhile."""
    import openvino

    shapes = [(-1, *tensor.shape[1:]) for tensor in inputs]
    with BUILDING, torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # of checks that hold for every number of rows here
        example = tuple(tensor.clone() for tensor in inputs)
        return openvino.convert_model(_Positional(unet), example_input=example, input=shapes)
