"""Lambda's Runtime API for one process: hands it events, and takes what it answers."""

import json
import queue
import threading
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

INVOCATION = "/2018-06-01/runtime/invocation/"
NEXT = f"{INVOCATION}next"


class RuntimeApi:
    """Serves on a free port until it is closed."""

    def __init__(self):
        self.polled = threading.Event()
        self._events = queue.Queue()
        self._awaited = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self._server.server_address[1]}"

    def hand_out(self, request_id, headers, body):
        """Gives the event to the process at its next poll; the future gets (is it an error, the answer)."""
        answer = self._awaited[request_id] = Future()
        self._events.put((headers, body))
        return answer

    def fail_all(self, kind, words):
        """Ends what is awaited, because the process is gone."""
        for answer in list(self._awaited.values()):
            if not answer.done():
                answer.set_result((True, json.dumps({"errorType": kind, "errorMessage": words}).encode()))

    def close(self):
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()

    def _answered(self, path, body):
        request_id, _, kind = path.removeprefix(INVOCATION).partition("/")
        answer = self._awaited.pop(request_id, None)
        if answer is None or kind not in ("response", "error"):
            return 404
        if not answer.done():
            answer.set_result((kind == "error", body))
        return 202

    def _handler(api):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path != NEXT:
                    return self._say(404)
                api.polled.set()
                event = api._events.get()
                if event is None:
                    self.close_connection = True
                    return None
                return self._say(200, *event)

            def do_POST(self):
                body = self._body()
                if self.path.startswith(INVOCATION):
                    return self._say(api._answered(self.path, body))
                # An error while it starts: the process ends by itself, which is seen.
                return self._say(202)

            def _body(self):
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            def _say(self, status, headers=(), body=b""):
                self.send_response(status)
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """The emulation has a log of its own."""

        return Handler
