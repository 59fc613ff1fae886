"""A hub on 127.0.0.1 that has one model, ``owner/tiny``: the files of a folder.

It speaks what is needed of the hub's interface: a model's commit, the files of a commit with their
hashes, a list of them, and its two ways to say that something is not there.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MODEL = "owner/tiny"


@contextmanager
def hub(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the hub's address and the paths that it is asked for."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(folder, asked))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def _handler(folder: Path, asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.give(with_body=False)

        def do_GET(self) -> None:
            self.give(with_body=True)

        def give(self, *, with_body: bool) -> None:
            asked.append(self.path)
            status, headers, body = _given(folder, self.path.partition("?")[0].strip("/"))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


def _given(folder: Path, path: str) -> tuple[int, dict[str, str], bytes]:
    if MODEL not in path:
        return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
    if path.startswith("api/models/"):
        listed: object = {"id": MODEL, "sha": COMMIT}
        if path.partition(MODEL)[2].startswith("/tree/main"):
            files = [] if path.count("/") > 5 else sorted(folder.iterdir())
            listed = [
                {"type": "file", "path": f.name, "size": f.stat().st_size, "oid": COMMIT}
                for f in files
            ]
        return 200, {"Content-Type": "application/json"}, json.dumps(listed).encode()
    file = folder / path.rpartition("/")[2]
    if not file.is_file():
        return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b"{}"
    content = file.read_bytes()
    mark = hashlib.sha1(content).hexdigest()
    return 200, {"ETag": f'"{mark}"', "X-Repo-Commit": COMMIT}, content
