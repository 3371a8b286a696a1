"""A small HTTP proxy that loses replies: the request is carried out, the answer is not told."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "host")


@dataclass
class Proxy:
    """What to lose, and what was asked."""

    url: str = ""
    lose: str = ""
    """Replies to requests whose path contains this are lost."""
    how: str = "drop"
    """``drop`` the connection, answer ``503``, or ``refuse`` the request unsent."""
    times: int = 0
    """So many replies are lost yet."""
    asked: list[str] = field(default_factory=list)
    """Method and path of each request, in order."""

    def count(self, words: str) -> int:
        """Returns how often a path with these words was asked for."""
        return sum(words in line for line in self.asked)


@contextmanager
def running(target: str) -> Iterator[Proxy]:
    """Runs a proxy before a server."""
    proxy = Proxy()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy, urlsplit(target)))
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(proxy: Proxy, target: object) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            proxy.asked.append(f"{self.command} {self.path}")
            lost = bool(proxy.lose) and proxy.lose in self.path and proxy.times > 0
            proxy.times -= lost
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.close_connection = True
            if lost and proxy.how == "refuse":
                return
            reply, content = self.forward(body)
            if lost and proxy.how == "drop":
                return
            if lost:
                self.answer(503, {}, b"")
                return
            self.answer(reply.status, dict(reply.getheaders()), content)

        def forward(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
            upstream = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
            upstream.request(self.command, self.path, body=body, headers=headers)
            reply = upstream.getresponse()
            content = reply.read()
            upstream.close()
            return reply, content

        def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815 - as it is called

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    return Handler
