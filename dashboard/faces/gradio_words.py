"""What a Gradio app says of itself, so that Gradio's own client can use the faces server as any other."""

from __future__ import annotations

ENDPOINT = "improve"
PREFIX = "/gradio_api"
_IMAGE: dict[str, object] = {
    "title": "ImageData",
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "url": {"type": "string"},
        "meta": {"type": "object", "properties": {"_type": {"const": "gradio.FileData"}}},
    },
}
_NUMBER: dict[str, object] = {"type": "number"}


def _component(number: int, kind: str, schema: dict[str, object]) -> dict[str, object]:
    return {"id": number, "type": kind, "skip_api": False, "api_info": schema, "props": {}}


CONFIG: dict[str, object] = {
    "version": "5.0.0",  # the protocol spoken
    "mode": "interface",
    "protocol": "sse_v3",
    "api_prefix": PREFIX,
    "connect_heartbeat": False,
    "components": [_component(1, "image", _IMAGE), _component(2, "number", _NUMBER), _component(3, "image", _IMAGE)],
    "dependencies": [{"id": 0, "api_name": ENDPOINT, "inputs": [1, 2], "outputs": [3], "backend_fn": True}],
}


def _value(name: str, label: str, component: str, schema: dict[str, object], python: str) -> dict[str, object]:
    return {
        "label": label,
        "parameter_name": name,
        "parameter_has_default": False,
        "parameter_default": None,
        "type": schema,
        "python_type": {"type": python, "description": ""},
        "component": component,
        "example_input": None,
    }


INFO: dict[str, object] = {
    "named_endpoints": {
        f"/{ENDPOINT}": {
            "parameters": [
                _value("img", "picture", "Image", _IMAGE, "filepath"),
                _value("factor", "factor", "Number", _NUMBER, "float"),
            ],
            "returns": [_value("improved", "improved picture", "Image", _IMAGE, "filepath")],
            "show_api": True,
        }
    },
    "unnamed_endpoints": {},
}


def completed(event: str, files: list[dict[str, object]] | None, problem: str = "") -> dict[str, object]:
    """The queue's message that ends a call, well or badly."""
    output = {"data": files} if files is not None else {"error": problem}
    return {"msg": "process_completed", "event_id": event, "success": files is not None, "output": output}


CLOSE = {"msg": "close_stream", "event_id": None}
