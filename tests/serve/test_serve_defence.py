"""What the server does not put up with: too much, too slow, too many, from the wrong place; and that nothing stays."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
import urllib.error
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fake_run import FakeRun
from serve_files import bomb_png, files, lying_zip, png, png16, zipped

from hemapipe.images import decode
from hemapipe.serve.guard import Guard

TOKEN = "a token of sixteen or more"
FORM = {"content-type": "multipart/form-data; boundary=x"}


def refusal(answer):
    return answer.status_code, answer.json()["error"]["type"]


def send(client, *many, **more):
    return client.post("/v1/predict", files=files(*many), **more)


# too much


def test_large_files_and_requests_are_refused_while_they_stream(client_with):
    client = client_with(file_mb=0.01, request_mb=0.03, held_mb=1)
    assert refusal(send(client, ("a.png", bytes(20_000)))) == (413, "file_too_large")
    assert refusal(send(client, *[(f"{n}.png", bytes(9_000)) for n in range(4)])) == (413, "request_too_large")
    assert send(client, ("a.png", png())).status_code == 200


def test_a_chunked_request_is_refused_before_it_ends(live):
    port = live(file_mb=0.01)
    head = f"POST /v1/predict HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: {FORM['content-type']}\r\n"
    part = '--x\r\ncontent-disposition: form-data; name="files"; filename="a"\r\n\r\n'
    chunks = "".join(f"{len(text):x}\r\n{text}\r\n" for text in [part, *["y" * 1000] * 12])  # and no last one
    assert b" 413 " in _raw(port, head + "Transfer-Encoding: chunked\r\n\r\n" + chunks)


def test_a_request_that_declares_too_much_is_refused_unread(live):
    port = live(request_mb=1, file_mb=1)
    head = f"POST /look HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: {FORM['content-type']}\r\n"
    assert b" 413 " in _raw(port, head + "Content-Length: 9000000\r\n\r\n")


def test_all_uploads_together_are_bounded(client_with):
    client = client_with(file_mb=0.01, request_mb=0.02, held_mb=0.02)
    admission = _guard(client)._admission
    admission.hold(15_000)
    answer = send(client, ("a.png", bytes(9_000)))
    assert refusal(answer) == (503, "busy") and int(answer.headers["retry-after"]) > 0
    admission.hold(-15_000)
    before = admission._left
    assert send(client, ("a.png", png())).status_code == 200
    assert send(client, ("a.png", bytes(9_000))).status_code == 422
    assert admission._left == before  # given back, also after an error


def test_many_files_and_zips_of_many_entries_are_refused(client_with):
    client = client_with(max_files=5)
    assert refusal(send(client, *[(f"{n}.png", b"x") for n in range(6)])) == (413, "too_many_files")
    assert refusal(send(client, ("a.zip", zipped({f"{n}.png": png() for n in range(6)})))) == (413, "too_many_files")
    began = time.perf_counter()
    assert refusal(send(client, ("a.zip", zipped({f"{n}.png": b"" for n in range(10_000)})))) == (413, "too_many_files")
    lying = bytearray(zipped({f"{n}.png": b"" for n in range(10_000)}))
    lying[-14:-10] = bytes(4)  # says that it has no entries; its directory is as long as ever
    assert refusal(send(client, ("a.zip", bytes(lying)))) == (413, "too_many_files")
    assert time.perf_counter() - began < 5


def test_zip_bombs_are_refused_by_what_they_unpack_to(client_with):
    client = client_with(file_mb=1, request_mb=2)
    one = zipped({"a.png": png() + bytes(3_000_000)})
    assert len(one) < 20_000 and refusal(send(client, ("a.zip", one))) == (413, "file_too_large")
    many = zipped({f"{n}.png": png() + bytes(900_000) for n in range(4)})
    assert len(many) < 40_000 and refusal(send(client, ("a.zip", many))) == (413, "request_too_large")


@pytest.mark.parametrize("data", [b"PK\3\4", b"PK\3\4" + bytes(500), zipped({"a.png": png()})[:-30]])
def test_broken_zips_are_told(client, data):
    assert refusal(send(client, ("a.zip", data))) == (422, "bad_zip")


def test_a_zip_with_a_zip64_directory_is_refused(client):
    data = zipped({"a.png": png()})
    end = data.rindex(b"PK\5\6")
    assert refusal(send(client, ("a.zip", data[:end] + b"PK\6\7" + bytes(16) + data[end:]))) == (413, "too_many_files")


def test_a_bomb_is_refused_before_it_is_decoded(client):
    told = send(client, ("bomb.png", bomb_png()), ("a.png", png())).json()["images"]
    assert told[0]["error"]["type"] == "too_many_pixels" and told[1]["error"] is None


@pytest.mark.parametrize("lot", [[png()] * 8, [png16(40, 30)] * 8])
@pytest.mark.parametrize("path", ["/v1/predict", "/look", "/why"])
def test_the_pixels_decoded_at_once_are_bounded(client_with, monkeypatch, lot, path):
    at_work, most, lock = [0], [0], threading.Lock()

    def slow(data, max_pixels):
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        time.sleep(0.02)
        with lock:
            at_work[0] -= 1
        return decode(data, max_pixels)

    monkeypatch.setattr("hemapipe.serve.seen.decode", slow)
    client = client_with(decoded_mpx=40 * 30 * 12 / 3e6, decoders=4)  # as much as one image takes at its peak
    if path != "/why":
        many = [files(*[(f"{n}.png", data) for n, data in enumerate(lot)])]
    else:
        many = [files(("a.png", data)) for data in lot[:4]]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: client.post(path, files=one), many))
    assert [one.status_code for one in answers] == [200] * len(many) and most[0] == 1
    budget = client.app.state.parts.engine.budget
    assert budget._left == budget._total  # all given back


def test_a_zip_that_lies_about_its_sizes_is_refused_unread(client):
    deflated, packed = lying_zip(zipfile.ZIP_DEFLATED), lying_zip(zipfile.ZIP_BZIP2)
    tracemalloc.start()
    answer = send(client, ("a.zip", deflated))
    assert refusal(answer) == (422, "unreadable_image") and "unpacks to more than" in answer.json()["error"]["message"]
    assert refusal(send(client, ("a.zip", packed))) == (422, "bad_zip")
    assert tracemalloc.get_traced_memory()[1] < 30e6
    tracemalloc.stop()


def test_an_encrypted_entry_is_told_in_its_place(client):
    data = bytearray(zipped({"a.png": png(), "b.png": png()}))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + offset] |= 1
    told = send(client, ("a.zip", bytes(data))).json()["images"]
    assert "encrypted" in told[0]["error"]["message"] and told[1]["error"] is None


def test_what_zips_unpack_to_counts_as_held(client_with):
    client = client_with(file_mb=1, request_mb=1, held_mb=1)
    data = zipped({"a.png": png() + bytes(900_000)})
    admission = _guard(client)._admission
    admission.hold(300_000)
    assert refusal(send(client, ("a.zip", data))) == (503, "busy")
    admission.hold(-300_000)
    assert send(client, ("a.zip", data)).status_code == 200 and admission._left == 1 << 20


def test_many_zips_of_no_images_are_refused(client_with):
    client = client_with(max_files=5)
    data = zipped({f"{n}.txt": b"x" for n in range(100)})
    assert refusal(send(client, ("a.zip", data), ("b.zip", data))) == (413, "too_many_files")


@pytest.mark.parametrize("path", ["/v1/predict", "/look", "/why"])
@pytest.mark.parametrize("slow", ["seen.decode", "work.items"])
def test_reading_and_decoding_have_their_time_and_leave_the_loop_free(live, monkeypatch, path, slow):
    monkeypatch.setattr(f"hemapipe.serve.{slow}", lambda *given: time.sleep(0.8))
    port = live(work_seconds=0.2)
    with ThreadPoolExecutor(1) as pool:
        began = time.perf_counter()
        asked = pool.submit(_post, port, path)
        time.sleep(0.05)
        assert _get(port, "/health")["status"] == "ok" and time.perf_counter() - began < 0.5
        assert asked.result()[0] == 504 and time.perf_counter() - began < 0.7


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_without_waiting_for_slow_work(how):
    code = """
import sys, time
sys.path.insert(0, sys.argv[1])
from fake_run import FakeRun, fake_verdicts
from hemapipe.serve import app, params, seen, server
seen.decode = lambda *given: time.sleep(30)
server.GRACE_SECONDS = 0.2
settings = params.ServeParams(port=0)
listening = server.listen(settings)
print(listening.getsockname()[1], flush=True)
server.answer(app.create_app(FakeRun(), settings, fake_verdicts), settings, listening)
"""
    command = [sys.executable, "-c", code, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        port = int(server.stdout.readline())
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(_post, port)
            time.sleep(0.5)
            server.send_signal(how)
            assert asked.result()[0] == 503
        _, said = server.communicate(timeout=5)
    assert "Traceback" not in said and "CancelledError" not in said


def test_long_heads_fields_and_names_are_refused_or_cut(client):
    answer = client.post("/v1/predict", files=files(("a.png", png())), data={"patient": "x" * 3_000})
    assert refusal(answer) == (413, "too_large")
    assert refusal(send(client, ("n" * 9_000, png()))) == (400, "bad_form")
    told = send(client, ("n" * 300 + ".png", png())).json()["images"][0]["file"]
    assert len(told) < 120 and told.endswith(".png")


# names


def test_paths_and_markup_in_names_are_only_shown(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [
        "../../etc/passwd.png",
        "C:\\windows\\x.png",
        "/abs/y.png",
        "<script>alert(1)</script>.png",
        "a\u202eb.png",
    ]
    told = [one["file"] for one in send(client, *[(name, png()) for name in names]).json()["images"]]
    assert told[:3] == ["passwd.png", "x.png", "y.png"] and "\u202e" not in told[4]
    page = client.post("/look", files=files((names[3], png())), data={"patient": "<b>p"}).text
    assert "<script>" not in page and "<b>p" not in page and "&lt;b&gt;p" in page
    climbing = send(client, ("a.zip", zipped({"../../up.png": png(), "ok.png": png()}))).json()["images"]
    assert "climbs out" in climbing[0]["error"]["message"] and climbing[1]["error"] is None
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_an_upload_is_kept(client, monkeypatch):
    def forbidden(*given, **more):
        raise AssertionError("a file is made")

    for module, name in ((os, "open"), (Path, "write_bytes"), (Path, "mkdir")):
        monkeypatch.setattr(module, name, forbidden)
    monkeypatch.setattr("tempfile.TemporaryFile", forbidden)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", forbidden)
    large = png(width=1200, height=900)  # above a megabyte: starlette's own form would spool it to disk
    assert len(large) > 1_000_000
    assert send(client, ("a.png", large), ("b.zip", zipped({"a.png": large}))).status_code == 200


def test_uploads_are_kept_on_purpose_under_their_hash(client_with, tmp_path):
    client = client_with(keep=tmp_path / "kept")
    assert "keep uploads" in client.get("/").text
    send(client, ("../evil.png", png()), ("b.txt", b"no"))
    client.post("/look", files=files(("c.png", png((90, 90, 90)))))
    lines = [json.loads(line) for line in (tmp_path / "kept/index.jsonl").read_text().splitlines()]
    assert [line["file"] for line in lines] == ["evil.png", "c.png"]
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"index.jsonl", *(line["sha256"] for line in lines)}
    assert (tmp_path / "kept" / lines[0]["sha256"]).read_bytes() == png()


# too slow


def test_a_body_that_drips_is_given_up(live):
    port = live(body_seconds=0.3)
    head = f"POST /v1/predict HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: {FORM['content-type']}\r\n"
    assert b" 408 " in _raw(port, head + "Content-Length: 1000\r\n\r\n--x", wait=3)


def test_headers_that_drip_and_answers_nobody_takes_close_the_connection(live):
    port = live(header_seconds=0.3)
    began = time.perf_counter()
    assert _raw(port, "GET / HTTP/1.1\r\nHost: lo", wait=5) == b""
    assert time.perf_counter() - began < 3
    with socket.create_connection(("127.0.0.1", port)) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000)
        lazy.sendall(f"GET /openapi.json HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode() * 2)
        assert lazy.recv(100)  # then nothing more is taken for a while
        time.sleep(1)
    assert _get(port, "/health")["status"] == "ok"


def test_work_that_takes_too_long_is_given_up_and_dropped(client_with):
    class Slow(FakeRun):
        def look(self, images):
            time.sleep(0.5)
            return super().look(images)

    run = Slow()
    client = client_with(run, work_seconds=0.1, batch_images=1)
    assert refusal(send(client, *[(f"{n}.png", png()) for n in range(4)])) == (504, "timeout")
    time.sleep(0.6)
    assert len(run.batches) == 1  # the other three were not looked at


# too many


class Stuck(FakeRun):
    """Looks at nothing until it is let go."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()

    def look(self, images):
        self.go.wait(10)
        return super().look(images)


@pytest.mark.parametrize(("settings", "status"), [({"max_requests": 2}, 503), ({"max_requests_per_client": 2}, 429)])
def test_who_finds_the_queue_full_is_told_when_to_come_back(live, settings, status):
    run = Stuck()
    port = live(run, **settings)
    waiting = [threading.Thread(target=_post, args=(port,)) for _ in range(2)]
    for thread in waiting:
        thread.start()
    time.sleep(0.4)
    refused = _post(port)
    run.go.set()
    for thread in waiting:
        thread.join()
    assert refused[0] == status and int(refused[1]["retry-after"]) > 0
    assert _post(port)[0] == 200


def test_a_client_that_asks_too_often_is_told_when_to_come_back(client_with):
    client = client_with(per_minute=3)
    answers = [send(client, ("a.png", png())) for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert refusal(answers[-1]) == (429, "too_many_requests") and 1 <= int(answers[-1].headers["retry-after"]) <= 60


# from the wrong place


def test_only_its_own_names_are_answered(client_with):
    client = client_with()
    assert client.get("/", headers={"host": "localhost:8000"}).status_code == 200
    assert client.get("/", headers={"host": "[::1]:8000"}).status_code == 200
    for evil in ("evil.example", "localhost.evil.example", "[::1", ""):
        assert refusal(client.get("/v1/models", headers={"host": evil})) == (403, "forbidden_host")
    open_to_all = client_with(host="0.0.0.0", allowed_hosts=("lab.example",))
    assert open_to_all.get("/", headers={"host": "LAB.example"}).status_code == 200
    assert open_to_all.get("/").status_code == 403


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_pages_of_other_sites_cannot_send(client, headers):
    assert refusal(send(client, ("a.png", png()), headers=headers)) == (403, "forbidden_origin")
    own = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert send(client, ("a.png", png()), headers=own).status_code == 200


def test_a_token_is_asked_for(client_with):
    client = client_with(token=TOKEN)
    assert client.get("/").status_code == client.get("/health").status_code == 200
    assert 'id="token"' in client.get("/").text and TOKEN not in client.get("/").text
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer \xfc".encode("latin-1")}):
        answer = send(client, ("a.png", png()), headers=headers)
        assert refusal(answer) == (401, "unauthorized") and answer.headers["www-authenticate"] == "Bearer"
    right = {"authorization": f"Bearer {TOKEN}"}
    assert send(client, ("a.png", png()), headers=right).status_code == 200
    assert client.get("/v1/models", headers=right).status_code == 200


def test_every_answer_is_sealed(client):
    for answer in (client.get("/"), client.get("/nothing"), send(client, ("a", b"x"))):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers


def test_a_zip_entry_of_damaged_content_is_a_row_with_its_error(client):
    data = bytearray(zipped({"a.png": png(), "b.png": png((1, 2, 3))}))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        at = archive.getinfo("b.png").header_offset + 120
    data[at : at + 40] = bytes(40)
    told = send(client, ("a.zip", bytes(data))).json()["images"]
    assert told[0]["error"] is None and told[1]["error"]["type"] == "unreadable_image"
    assert "damaged in the archive" in told[1]["error"]["message"]


def _guard(client):
    layer = client.app.middleware_stack
    while not isinstance(layer, Guard):
        layer = getattr(layer, "app", None) or layer._app
    return layer


def _raw(port, text, wait=5):
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(text.encode())
        try:
            return connection.recv(4_000)
        except ConnectionResetError:
            return b""


def _get(port, path):
    with urllib.request.urlopen(f"http://localhost:{port}{path}", timeout=5) as answer:
        return json.load(answer)


def _post(port, path="/v1/predict"):
    body = b'--x\r\ncontent-disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + png() + b"\r\n--x--\r\n"
    request = urllib.request.Request(f"http://localhost:{port}{path}", body, FORM)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)
