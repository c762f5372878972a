"""Whatever a face restorer on another server does: a learner's sentence in time, and the original stays as it was."""

from __future__ import annotations

import errno
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hostile import STAGES, Hostile, bomb, dripping, endless, ok, png_of, reset, running, says, silent, uri
from PIL import Image

from dashboard.faces import FaceError, improve_image
from dashboard.faces.remote import MAX_CALLS, Address, RemoteRestorer

DEADLINE = 1.5  # seconds
SLACK = 1.0
TODAY = [stage for stage in STAGES if stage != "predict"]


def picture(shade: int = 90, side: int = 24) -> Image.Image:
    return Image.fromarray(np.random.default_rng(shade).integers(0, 255, (side, side, 3), dtype=np.uint8))


def brighter(img: Image.Image, factor: int) -> Image.Image:
    """What a good restorer's answer looks like here: larger, and clearly changed."""
    return img.resize((img.width * factor, img.height * factor)).point([min(255, v + 40) for v in range(256)] * 3)


def restorer(server: Hostile, path: str, seconds: float = DEADLINE) -> RemoteRestorer:
    return RemoteRestorer(server.address(path), seconds)


def refusal(server: Hostile, path: str) -> str:
    """The sentence with which the call ends, in time, the picture untouched."""
    original = picture()
    before = original.tobytes()
    began = time.monotonic()
    with pytest.raises(FaceError) as caught:
        restorer(server, path).restore(original, factor=2)
    assert time.monotonic() - began < DEADLINE + SLACK
    assert original.tobytes() == before
    sentence = str(caught.value)
    assert sentence.endswith("Your picture is unchanged.") and sentence[0].isupper() and "\n" not in sentence
    return sentence


CUT = png_of(picture(side=48))[:-200]
HTML = b"<!doctype html><h1>It works!</h1>"
REDIRECT = "Location: http://127.0.0.1:9/latest/meta-data\r\n"
HOSTILE = {
    "timeout": (silent, "in time"),
    "500": (says(ok(b"{}", status="500 Internal Server Error")), "error (status 500)"),
    "429": (says(ok(b"{}", status="429 Too Many Requests")), "busy"),
    "401": (says(ok(b"{}", status="401 Unauthorized")), "error (status 401)"),
    "garbage": (says(bytes(range(256)) * 8), "broke off"),
    "garbage as json": (says(ok(b"\xff\x00{[")), "not a restored picture"),
    "deep json": (says(ok(b"[" * 200_000)), "not a restored picture"),
    "html as 200": (says(ok(HTML, "text/html")), "not a restored picture"),
    "empty": (says(ok(b"")), "not a restored picture"),
    "closed": (says(b""), "broke off"),
    "endless body": (endless, "far more data"),
    "announced endless": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), "far more data"),
    "a byte at a time in the head": (dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "), "in time"),
    "a byte at a time in the body": (dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"), "in time"),
    "redirect inward": (says(ok(b"", status="302 Found", extra=REDIRECT)), "another address"),
    "reset": (reset, "broke off"),
    "compressed": (says(ok(b"x", extra="Content-Encoding: gzip\r\n")), "did not ask for"),
    "broken off": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"), "broke off"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stage", STAGES)
def test_every_misbehaviour_at_every_stage(name, stage):
    misbehave, words = HOSTILE[name]
    if stage == "event" and name in ("garbage as json", "deep json", "html as 200", "empty"):
        words = "broke off"  # a stream of events without an end
    with running(Hostile(stage=stage, misbehave=misbehave)) as server:
        assert words in refusal(server, "/run/predict" if stage == "predict" else "")
        assert any(part in server.asked[-1] for part in (f"/{stage}", "/call/", "file=")), "the stage was reached"


def test_refused():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "cannot be reached" in refusal(Hostile(port=port), "")
    assert "cannot be reached" in refusal(Hostile(port=port), "/run/predict")


def test_a_server_without_a_certificate_to_trust_is_named_as_such():
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        answered = pool.submit(_plain_answer, listener)
        with pytest.raises(FaceError, match=r"no secure connection that can be trusted\. Your picture is unchanged\.$"):
            RemoteRestorer(f"https://127.0.0.1:{listener.getsockname()[1]}", DEADLINE).restore(picture())
        answered.result()


def _plain_answer(listener: socket.socket) -> None:
    sock, _ = listener.accept()
    with sock:
        sock.recv(2048)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("number", [errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNREFUSED])
def test_a_server_that_is_nowhere_cannot_be_reached(monkeypatch, number):
    def nowhere(*_args, **_kwargs):
        raise OSError(number, "nowhere")

    monkeypatch.setattr(socket, "create_connection", nowhere)
    assert "cannot be reached" in refusal(Hostile(port=9), "/run/predict")


PICTURES = {
    "cut png": (CUT, "not a restored picture"),
    "bomb": (bomb(), "not a restored picture"),
    "html": (HTML, "not a restored picture"),
    "gif": (b"GIF89a" + bytes(60), "not a restored picture"),
    "nothing": (b"", "not a restored picture"),
    "smaller": (png_of(picture(side=8)), "another size"),
    "another shape": (png_of(Image.new("RGB", (96, 24))), "another size"),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("stage", ["predict", "file"])
def test_every_bad_picture(name, stage):
    data, words = PICTURES[name]
    body = data if stage == "file" else json.dumps({"data": [uri(data)]}).encode()
    with running(Hostile(stage=stage, misbehave=says(ok(body)))) as server:
        assert words in refusal(server, "/run/predict" if stage == "predict" else "")


@pytest.mark.parametrize(
    "answer", [b"{}", b"[]", b'{"data": []}', b'{"data": [7]}', b'{"data": ["x"]}', b'{"data": ["data:text/html,x"]}']
)
def test_json_of_another_kind(answer):
    with running(Hostile(stage="predict", misbehave=says(ok(answer)))) as server:
        assert "not a restored picture" in refusal(server, "/run/predict")


def test_a_failed_event_and_one_that_never_ends():
    with running(Hostile(stage="event", misbehave=says(ok(b"event: error\ndata: null\n\n")))) as server:
        assert "failed" in refusal(server, "")

    def heartbeats(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for _ in range(100):
            sock.sendall(b"event: heartbeat\ndata: null\n\n")
            time.sleep(0.1)

    with running(Hostile(stage="event", misbehave=heartbeats)) as server:
        assert "in time" in refusal(server, "")


@pytest.mark.parametrize("path", ["/run/predict", ""])
def test_a_good_answer_is_taken(path):
    with running(Hostile(improve=brighter)) as server:
        found = restorer(server, path, 10).restore(picture(), factor=3)
        assert found.image.size == (72, 72) and found.factor == 3 and not found.untouched
        assert found.image.tobytes() == brighter(picture(), 3).tobytes()
        assert found.changes is None, "what another server found is not known"
        assert improve_image(picture(), 3, restorer=restorer(server, path, 10)).tobytes() == found.image.tobytes()
        half = restorer(server, path, 10).restore(picture(), factor=3, blend=0.5)
        assert half.image.tobytes() == Image.blend(found.enlarged, found.image, 0.5).tobytes()


def test_nothing_but_the_picture_is_sent(monkeypatch, tmp_path):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with running(Hostile(improve=brighter)) as server:
        restorer(server, "", 10).restore(picture())
        sent = "\n".join(server.headers).lower()
    assert "authorization" not in sent and "cookie" not in sent
    assert [line.split()[1].split("/")[1] for line in server.asked] == ["gradio_api"] * 4


@pytest.mark.parametrize("path", ["/run/predict", ""])
def test_the_original_sent_back_never_passes_for_restored(path):
    for way in (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.NEAREST):

        def same(img: Image.Image, factor: int, way: Image.Resampling = way) -> Image.Image:
            return img.resize((img.width * factor, img.height * factor), way)

        with running(Hostile(improve=same)) as server:
            assert restorer(server, path, 10).restore(picture(), factor=2).untouched


def test_a_small_restored_face_is_no_untouched_picture():
    def one_face(img: Image.Image, factor: int) -> Image.Image:
        out = img.resize((img.width * factor, img.height * factor), Image.Resampling.BICUBIC)
        out.paste((200, 60, 60), (4, 4, 14, 14))
        return out

    with running(Hostile(improve=one_face)) as server:
        assert not restorer(server, "", 10).restore(picture(side=128), factor=2).untouched


@pytest.mark.parametrize("path", ["/run/predict", ""])
def test_concurrent_calls_never_mix_people(path):
    with running(Hostile(improve=brighter)) as server:
        shared = restorer(server, path, 20)
        with ThreadPoolExecutor(MAX_CALLS) as pool:
            found = list(pool.map(lambda n: shared.restore(picture(n), factor=2), range(24)))
        for n, one in enumerate(found):
            assert one.image.tobytes() == brighter(picture(n), 2).tobytes()


def test_a_hanging_server_does_not_take_all_our_threads():
    with running(Hostile(stage="predict", misbehave=silent)) as server:
        shared = restorer(server, "/run/predict", 1.0)
        with ThreadPoolExecutor(MAX_CALLS) as pool:
            waiting = [pool.submit(shared.restore, picture()) for _ in range(MAX_CALLS)]
            until = time.monotonic() + 5
            while len(server.asked) < MAX_CALLS and time.monotonic() < until:
                time.sleep(0.01)
            began = time.monotonic()
            with pytest.raises(FaceError, match="Many pictures"):
                shared.restore(picture())
            assert time.monotonic() - began < 0.2
            assert all(isinstance(future.exception(), FaceError) for future in waiting)


def test_no_thread_outlives_the_deadline_for_long():
    with running(Hostile(stage="predict", misbehave=dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "))) as server:
        refusal(server, "/run/predict")
        until = time.monotonic() + 2
        while _calls() and time.monotonic() < until:
            time.sleep(0.02)
        assert not _calls()


def _calls() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "face-restorer-call"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "ftp://a/b",
        "file:///etc/passwd",
        "http://",
        "http://me:pw@host/",
        "http://a:x/",
        "http://a/?k=1",
    ],
)
def test_an_address_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"The face restorer's address must .*\.$"):
        RemoteRestorer(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example/run/predict", ("https://a.example", "", "")),
        ("http://a:7860", ("http://a:7860", "/gradio_api", "improve")),
        ("http://a:7860/space/", ("http://a:7860", "/space/gradio_api", "improve")),
        ("http://a/gradio_api/call/inference", ("http://a", "/gradio_api", "inference")),
        ("http://a/call/predict", ("http://a", "", "predict")),
    ],
)
def test_addresses(text, expected):
    address = Address.parse(text)
    assert (address.origin, address.prefix, address.endpoint) == expected


@pytest.mark.parametrize(
    ("factor", "blend"), [(0, 1), (5, 1), (True, 1), (2.5, 1), (2, -0.1), (2, 1.1), (2, float("nan"))]
)
def test_impossible_wishes_are_refused_before_anything_is_sent(factor, blend):
    with running(Hostile()) as server:
        with pytest.raises(FaceError):
            restorer(server, "").restore(picture(), factor=factor, blend=blend)
        assert not server.asked
