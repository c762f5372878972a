"""Scripts for a learner: the course's `improve_image`, in Gradio's old protocol and in today's.

They need `pillow` and `requests`, and a server: `python -m dashboard faces-server`.
"""

_END = """

if __name__ == "__main__":
    picture = Image.open("face.png").convert("RGB")
    improve_image(picture, 2).save("improved.png")
"""

OLD = (
    '''\
import base64
import io

import requests
from PIL import Image

URL = "http://127.0.0.1:7860/run/predict"


def improve_image(img, factor):
    """The picture `factor` times as large, its faces restored."""
    buffer = io.BytesIO()
    img.save(buffer, "PNG")
    text = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    answer = requests.post(URL, json={"data": [text, factor]}, timeout=60, allow_redirects=False)
    answer.raise_for_status()  # an error must not pass for a picture
    text = answer.json()["data"][0]
    return Image.open(io.BytesIO(base64.b64decode(text.partition(",")[2])))
'''
    + _END
)

NEW = (
    '''\
import io
import json

import requests
from PIL import Image

URL = "http://127.0.0.1:7860/gradio_api"


def improve_image(img, factor):
    """The picture `factor` times as large, its faces restored."""
    buffer = io.BytesIO()
    img.save(buffer, "PNG")
    with requests.Session() as web:
        (path,) = send(web, "/upload", files={"files": ("picture.png", buffer.getvalue())}).json()
        asked = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}, factor]}
        event = send(web, "/call/improve", json=asked).json()["event_id"]
        told = web.get(f"{URL}/call/improve/{event}", timeout=60)
        path = result(told.text)["path"]
        return Image.open(io.BytesIO(web.get(f"{URL}/file={path}", timeout=60).content))


def send(web, path, **what):
    answer = web.post(URL + path, timeout=60, allow_redirects=False, **what)
    answer.raise_for_status()  # an error must not pass for a picture
    return answer


def result(events):
    """The file that the event `complete` brings."""
    event = None
    for line in events.splitlines():
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data" and event == "complete":
            return json.loads(value)[0]
    raise RuntimeError("The server did not restore the picture.")
'''
    + _END
)
