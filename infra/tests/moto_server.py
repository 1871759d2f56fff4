"""A stand-in for AWS on a free port of this machine."""

import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def running(log):
    """The address of a fresh moto server; what it says goes to the file `log`."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    with open(log, "w") as lines:
        server = subprocess.Popen(command, stdout=lines, stderr=lines)
        try:
            endpoint = f"http://127.0.0.1:{port}"
            _wait_for(endpoint, server)
            yield endpoint
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(endpoint, server):
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("moto's server does not answer")
