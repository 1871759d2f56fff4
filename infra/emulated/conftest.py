"""The stack with its packaged functions on an emulated AWS, beside simulated systems; and the closing line."""

import json
import os
import platform
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest

import account
import emulation
import moto_server
import terraform
from scene import COUNTRY, ROOT, SECRETS, WORKFLOWS, Scene, Systems, name

PACKAGES = Path(os.environ.get("PACKAGES", ROOT / "target" / "lambda")).absolute()
SANDBOX = Path(os.environ.get("SANDBOX", ROOT / "target" / "debug" / "sandbox")).absolute()
# The processor of a program, as it stands in its first bytes.
MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Everything applied, secrets filled, and nothing run yet."""
    if reason := terraform.missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("emulated")
    with ExitStack() as stack:
        systems = stack.enter_context(Systems.serving(SANDBOX))
        # The emulation's own table is a program of Java, which it would fetch; this one is a part of moto.
        table = stack.enter_context(moto_server.running(folder / "moto.log"))
        aws = stack.enter_context(emulation.running(folder, {"AWS_ENDPOINT_URL_DYNAMODB": table}))
        runner = terraform.Terraform(_folder(folder / "terraform"), aws, PACKAGES)
        runner.environment["AWS_ENDPOINT_URL_DYNAMODB"] = table
        runner.run("init", "-no-color", "-input=false")
        settings = {"architecture": architecture(), "deployments": {COUNTRY: {}}}
        runner.use(settings)
        runner.apply()
        keep_secrets(aws, systems)
        tell_versions(account.clients(aws)("lambda"))
        yield Scene(runner, systems, account.clients(aws), account.clients(table), aws, settings)


def architecture():
    """For which processor the packages were built; all for the same."""
    found = set()
    for package in PACKAGES.glob("*/bootstrap.zip"):
        with zipfile.ZipFile(package) as zipped, zipped.open("bootstrap") as program:
            found.add(MACHINES[int.from_bytes(program.read(20)[18:20], "little")])
    assert len(found) == 1, f"{PACKAGES} has functions for {sorted(found) or 'nothing'}: run infra/package"
    (one,) = found
    return one


def keep_secrets(aws, systems):
    client = account.clients(aws)("secretsmanager")
    for system, secret in systems.secrets.items():
        client.put_secret_value(SecretId=SECRETS.format(system), SecretString=json.dumps(secret))


def tell_versions(functions):
    """What holds for asynchronous calls of an alias, the emulation looks for at the version that it stands for."""
    for workflow in WORKFLOWS:
        settings = functions.get_function_event_invoke_config(FunctionName=name(workflow), Qualifier="live")
        functions.put_function_event_invoke_config(
            FunctionName=name(workflow),
            Qualifier=functions.get_alias(FunctionName=name(workflow), Name="live")["FunctionVersion"],
            MaximumRetryAttempts=settings["MaximumRetryAttempts"],
            MaximumEventAgeInSeconds=settings["MaximumEventAgeInSeconds"],
            DestinationConfig={"OnFailure": settings["DestinationConfig"]["OnFailure"]},
        )


@pytest.fixture(scope="module", params=WORKFLOWS)
def workflow(request, scene):
    """One workflow after the other, in the order in which they go live."""
    if request.param == "decisions-to-primero":
        scene.systems.decide()
    return request.param


def _folder(path):
    path.mkdir()
    return path


def pytest_report_header():
    return f"functions for {architecture()}, on {platform.machine()}, from {PACKAGES}"


def pytest_unconfigure(config):
    """The plain closing line; an error counts as a failure, and nothing is skipped in silence."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    count = {kind: len(reporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped")}
    print(f"{count['passed']} passed, {count['failed'] + count['error']} failed, {count['skipped']} skipped")
