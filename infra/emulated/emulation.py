"""An emulated AWS on a free port of this machine, with the plug-in that runs packaged functions."""

import json
import os
import socket
import subprocess
import time
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

PYTHON = Path(os.environ["INFRA_CHECK_DIRECTORY"]) / "localstack" / "bin" / "python"
SECONDS_TO_START = 180


@contextmanager
def running(folder, variables):
    """Its address. Every function gets `variables` beside its own; what the emulation says goes to a file in `folder`."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with open(folder / "localstack.log", "w") as log:
        server = subprocess.Popen(
            [PYTHON, "-m", "localstack.runtime.main"], cwd=folder, env=_surroundings(folder, address, variables), stdout=log, stderr=log
        )
        try:
            _wait_for(f"http://{address}/_localstack/health", server)
            yield f"http://{address}"
        finally:
            server.terminate()
            try:
                server.wait(timeout=60)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(timeout=60)


def _surroundings(folder, address, variables):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHONPATH"))}
    folders = {"XDG_CACHE_HOME": "cache", "LOCALSTACK_VOLUME_DIR": "volume", "LOCALSTACK_VAR_LIBRARY": "library", "FILESYSTEM_ROOT": "root", "TMPDIR": "tmp"}
    for name in folders.values():
        (folder / name).mkdir()
    return {
        **kept,
        **{variable: str(folder / name) for variable, name in folders.items()},
        "GATEWAY_LISTEN": address,
        "LOCALSTACK_HOST": address,
        "LAMBDA_RUNTIME_EXECUTOR": "bootstrap",
        "BOOTSTRAP_EXECUTOR_VARIABLES": json.dumps(variables),
        # It asks nobody outside this machine.
        "ACTIVATE_PRO": "0",
        "DISABLE_EVENTS": "1",
        "DNS_ADDRESS": "0",
        "SKIP_INFRA_DOWNLOADS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
    }


def _wait_for(address, server):
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the emulated AWS does not answer")
