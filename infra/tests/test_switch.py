"""Stopping, starting and going back by one command each, tried on the stand-in for AWS with the versions that a deployment makes."""

import os
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

import account
import moto_server
from conftest import from_sam_names

SWITCH = Path(__file__).resolve().parent.parent / "switch"
TOOLS = Path(os.environ["INFRA_CHECK_DIRECTORY"]) / "awscli" / "bin"
FUNCTIONS = [f"referral-bridge-{workflow}" for workflow in from_sam_names()]


def package(content):
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as built:
        built.writestr("bootstrap", content)
    return held.getvalue()


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """The functions with three versions each, the newest live; and the command."""
    with moto_server.running(tmp_path_factory.mktemp("switch") / "moto.log") as endpoint:
        client = account.clients(endpoint)
        trust = '{"Version": "2012-10-17", "Statement": []}'
        role = client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        functions = client("lambda")
        for name in FUNCTIONS:
            about = {"Runtime": "provided.al2023", "Handler": "bootstrap", "Role": role, "Publish": True}
            functions.create_function(FunctionName=name, Code={"ZipFile": package("one")}, **about)
            for content in ("two", "three"):
                functions.update_function_code(FunctionName=name, ZipFile=package(content), Publish=True)
            functions.create_alias(FunctionName=name, Name="live", FunctionVersion="3")
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
            "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }

        def switch(*arguments):
            return subprocess.run([SWITCH, *arguments], env=environment, capture_output=True, text=True, timeout=300)

        yield functions, switch


def live(functions):
    return {name: functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"] for name in FUNCTIONS}


def concurrency(functions):
    return {name: functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") for name in FUNCTIONS}


def test_one_command_stops_all_and_one_starts_them_again(stack):
    functions, switch = stack
    assert switch("stop").returncode == 0
    assert set(concurrency(functions).values()) == {0}
    assert "stopped by hand, version 3 of 1 2 3" in switch("status", "referrals-to-primero").stdout
    assert switch("start").returncode == 0
    assert set(concurrency(functions).values()) == {None}
    assert "runs as scheduled, version 3" in switch("status", "referrals-to-primero").stdout


def test_one_command_goes_back_to_the_version_before(stack):
    functions, switch = stack
    assert switch("back").returncode == 0
    assert set(live(functions).values()) == {"2"}
    assert switch("back", "referrals-to-primero").returncode == 0
    assert live(functions)["referral-bridge-referrals-to-primero"] == "1"
    none = switch("back", "referrals-to-primero")
    assert none.returncode == 1 and "no version before 1" in none.stderr
    for name in from_sam_names():
        assert switch("to", "3", name).returncode == 0
    assert set(live(functions).values()) == {"3"}


@pytest.mark.parametrize("arguments", [(), ("halt",), ("stop", "referals-to-primero"), ("to", "3")])
def test_what_is_mistyped_changes_nothing(stack, arguments):
    functions, switch = stack
    assert switch(*arguments).returncode == 2
    assert set(live(functions).values()) == {"3"} and set(concurrency(functions).values()) == {None}
