"""A plug-in for LocalStack: a function is the `bootstrap` of its package, started as a process of this machine.

As on AWS a process serves one event after another and is kept for the next one, its log is what it prints, and it is
ended when an event takes longer than the function may. Unlike AWS it has the machine's memory and file system.
"""

import json
import os
import platform
import subprocess
import tempfile
import threading
import time
from concurrent.futures import TimeoutError as Late
from pathlib import Path

from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor
from runtime_api import RuntimeApi

# A JSON object of variables that every function gets beside its own: where the state table is, say.
MORE_VARIABLES = "BOOTSTRAP_EXECUTOR_VARIABLES"
SECONDS_TO_START = 60
# By what a program for another processor is run.
INTERPRETERS = {"arm64": "qemu-aarch64", "x86_64": "qemu-x86_64"}
THIS = {"aarch64": "arm64", "x86_64": "x86_64"}.get(platform.machine())


class BootstrapExecutor(RuntimeExecutor):
    def __init__(self, id: str, function_version: FunctionVersion):
        super().__init__(id, function_version)
        self._variables, self._api, self._process = {}, None, None
        self._log = tempfile.NamedTemporaryFile(prefix="function-", suffix=".log")

    def start(self, env_vars):
        settings = self.function_version.config
        folder = Path(settings.code.get_unzipped_code_location())
        self._api = RuntimeApi()
        variables = {name: str(value) for name, value in env_vars.items()}
        variables |= json.loads(os.environ.get(MORE_VARIABLES, "{}"))
        variables |= {"AWS_LAMBDA_RUNTIME_API": self._api.address, "LAMBDA_TASK_ROOT": str(folder)}
        self._variables = env_vars
        self._process = subprocess.Popen(
            [*interpreter(settings.architectures), folder / "bootstrap"],
            cwd=folder,
            env=variables,
            stdout=self._log,
            stderr=self._log,
        )
        threading.Thread(target=self._watch, args=(self._process, self._api), daemon=True).start()
        self._api.polled.wait(SECONDS_TO_START)
        if self._process.poll() is not None:
            raise LambdaRuntimeException(f"the function ended with {self._process.returncode}: {self.get_logs()}")

    @staticmethod
    def _watch(process, api):
        process.wait()
        # It polls no more and answers no more.
        api.polled.set()
        api.fail_all("Runtime.ExitError", f"the function ended with {process.returncode}")

    def stop(self):
        if self._process:
            self._process.kill()
            self._process.wait(30)
        if self._api:
            self._api.close()
        self._log.close()

    def invoke(self, payload):
        request_id, seconds = payload["invoke-id"], self.function_version.config.timeout
        if self._process.poll() is not None:
            # As on AWS, what follows a process that ended gets a new one.
            self._api.close()
            self.start(self._variables)
        before = len(self.get_logs())
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": payload["invoked-function-arn"],
            "Lambda-Runtime-Trace-Id": payload.get("trace-id", ""),
        }
        answer = self._api.hand_out(request_id, headers, payload["payload"].encode())
        try:
            failed, body = answer.result(seconds)
        except Late:
            self._process.kill()
            told = {"errorType": "Sandbox.Timedout", "errorMessage": f"Task timed out after {seconds} seconds"}
            failed, body = True, json.dumps(told).encode()
        lines = self.get_logs()[before:]
        log = f"START RequestId: {request_id}\n{lines}END RequestId: {request_id}\n"
        return InvocationResult(request_id, body, is_error=failed, logs=log)

    def get_logs(self):
        # A file has all that was printed before the answer; a pipe may lag behind.
        return Path(self._log.name).read_text(errors="replace")

    # The function asks the emulation on the loopback interface, and the emulation asks nothing of it by address.
    def get_address(self):
        return "127.0.0.1"

    def get_endpoint_from_executor(self):
        return "127.0.0.1"

    def get_runtime_endpoint(self):
        return f"http://{self._api.address if self._api else '127.0.0.1'}"

    @classmethod
    def prepare_version(cls, function_version):
        code = function_version.config.code
        code.prepare_for_execution()
        # Python forgets the permissions of a zip's files.
        (Path(code.get_unzipped_code_location()) / "bootstrap").chmod(0o755)

    @classmethod
    def cleanup_version(cls, function_version):
        """The emulation removes what it has unpacked."""


def interpreter(architectures):
    """What must stand before a program for one of these processors; nothing if it is this machine's."""
    wanted = str(architectures[0])
    return [] if wanted == THIS else [INTERPRETERS[wanted]]


class BootstrapPlugin(RuntimeExecutorPlugin):
    name = "bootstrap"

    def load(self, *_, **__):
        return BootstrapExecutor
