"""What the trials see and do: functions of the emulated AWS, and the simulated systems on the other side."""

import json
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COUNTRY = "gambella"
SECRETS = f"referral-bridge/{COUNTRY}/{{}}"
TABLE = "referral-bridge-state"
WORKFLOWS = ("referrals-to-primero", "decisions-to-progres", "referrals-to-progres", "decisions-to-primero")
RECORDS = 12
SECONDS_TO_HAPPEN = 180


class Systems:
    """PING and Primero on this machine, with records of every workflow."""

    def __init__(self, secrets):
        self.secrets = {**secrets, "ledger": {"fingerprint_key": "an invented key of 32 characters"}}
        self._panel = secrets["primero"]["url"].rstrip("/")

    @classmethod
    @contextmanager
    def serving(cls, program):
        # 2.2 gets what UNHCR decides about that which 2.1 has brought.
        each = [f"--workflow={workflow}" for workflow in WORKFLOWS[:3]]
        command = [program, "serve", f"--records={RECORDS}", *each]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield cls(json.loads(process.stdout.readline()))
        finally:
            process.kill()
            process.wait(timeout=30)

    def changes(self):
        """How many requests changed something, in each system."""
        return {system: traffic["effective_writes"] for system, traffic in self._state()["traffic"].items()}

    def names(self):
        """What must stand nowhere else: the children's names, and their numbers at UNHCR."""
        return {case[key] for case in self._state()["primero"]["cases"] for key in ("name", "unhcr_individual_no") if case.get(key)}

    def decide(self):
        """UNHCR decides about all that was submitted."""
        request = urllib.request.Request(f"{self._panel}/__control", b'{"decide_submitted": 1}')
        urllib.request.urlopen(request, timeout=30).close()

    def _state(self):
        with urllib.request.urlopen(f"{self._panel}/__state", timeout=30) as answer:
            return json.load(answer)


@dataclass
class Scene:
    runner: object
    systems: Systems
    aws: object
    dynamodb: object
    endpoint: str
    settings: dict

    def invoke(self, workflow, **event):
        """Sends an event as a person in the console does; (does it fail, what is answered)."""
        answer = self.aws("lambda").invoke(
            FunctionName=name(workflow), Qualifier="live", Payload=json.dumps({"deployment": COUNTRY, **event})
        )
        return "FunctionError" in answer, json.load(answer["Payload"])

    def run(self, workflow, **event):
        """The report of a run that ends well."""
        failed, report = self.invoke(workflow, **event)
        assert not failed, report
        return report

    def log(self, workflow):
        """Stream → its lines. A process has one stream of its own."""
        logs, group = self.aws("logs"), f"/aws/lambda/{name(workflow)}"
        streams = [stream["logStreamName"] for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]]
        pages = logs.get_paginator("filter_log_events")
        lines = {}
        for stream in streams:
            found = pages.paginate(logGroupName=group, logStreamNames=[stream])
            lines[stream] = [event["message"] for page in found for event in page["events"]]
        return lines

    def put_secret(self, system, value):
        self.aws("secretsmanager").put_secret_value(SecretId=SECRETS.format(system), SecretString=json.dumps(value))


def name(workflow):
    return f"referral-bridge-{workflow}"


def eventually(what, look):
    """What `look` finds, once it finds something."""
    end = time.monotonic() + SECONDS_TO_HAPPEN
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what} did not happen within {SECONDS_TO_HAPPEN} s")
