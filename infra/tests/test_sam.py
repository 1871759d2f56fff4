"""The SAM description is one that AWS takes."""

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import account
import moto_server
from cloudformation import translated
from from_sam import SAM, TEMPLATES, texts

TOOLS = Path(sys.executable).parent


def tool(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", TEMPLATES)
def test_sam_validates_and_lints_the_template(name):
    tool(TOOLS / "sam", "validate", "--lint", "--region", "eu-west-1", "--template", SAM / name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_sam_validates_the_template_without_linting(name):
    tool(TOOLS / "sam", "validate", "--region", "eu-west-1", "--template", SAM / name)


@pytest.fixture(scope="module")
def deploy(work, packages):
    """`sam deploy` as the README says, with the example's settings: the uploads arrive, and CloudFormation refuses the connection."""
    folder = work / "infra" / "sam"
    folder.mkdir(parents=True)
    for name in TEMPLATES:
        shutil.copy(SAM / name, folder)
    shutil.copy(SAM / "samconfig.example.toml", folder / "samconfig.toml")
    (work / "target").mkdir()
    (work / "target" / "lambda").symlink_to(packages)
    with moto_server.running(work / "moto-of-sam.log") as endpoint, closing(socket.socket()) as refused:
        # Bound and not listening: nobody else takes the port meanwhile.
        refused.bind(("127.0.0.1", 0))
        account.clients(endpoint)("s3").create_bucket(
            Bucket="packages", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{refused.getsockname()[1]}",
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_MAX_ATTEMPTS": "1",
        }

        def run(*arguments):
            command = [TOOLS / "sam", "deploy", *arguments, "--no-confirm-changeset", "--no-resolve-s3", "--s3-bucket", "packages"]
            done = subprocess.run(list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
            return done.stdout + done.stderr

        yield folder, run


@pytest.mark.parametrize("arguments", [(), ("--config-env", "gambella")], ids=TEMPLATES)
def test_sam_deploy_reaches_aws(arguments, deploy):
    _, run = deploy
    printed = run(*arguments)
    assert "Initiating deployment" in printed, printed
    assert "Could not connect to the endpoint URL" in printed, printed
    assert "Traceback" not in printed, printed


def test_a_loop_put_back_is_found(deploy):
    """What every SAM CLI from 1.140 to 1.170 made of a loop was a traceback."""
    folder, run = deploy
    loop = """
  Fn::ForEach::Topics:
    - Topic
    - [One, Two]
    - ${Topic}Topic:
        Type: AWS::SNS::Topic
"""
    text = (SAM / "deployment.yaml").read_text()
    head, resources, rest = text.partition("\nResources:\n")
    planted = f"Transform: AWS::LanguageExtensions\n{head}{resources}{loop}{rest}"
    (folder / "deployment.yaml").write_text(planted)
    try:
        printed = run("--config-env", "gambella")
    finally:
        (folder / "deployment.yaml").write_text(text)
    assert "Initiating deployment" not in printed, printed
    with pytest.raises(ValueError, match="LanguageExtensions"):
        translated(planted)


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_cannot_be_made_again_outlives_its_stack(name):
    resources = translated(texts()[name])["Resources"]
    kept = {"AWS::DynamoDB::Table", "AWS::KMS::Key"}
    for logical_id, resource in resources.items():
        if resource["Type"] in kept or logical_id == "LedgerSecret":
            # A first deployment that fails leaves none behind, so that the next one can make it.
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), logical_id
        else:
            assert resource.get("DeletionPolicy", "Delete") == "Delete" or resource["Type"] == "AWS::Lambda::Version", logical_id


@pytest.mark.parametrize("name", TEMPLATES)
def test_cfn_lint_finds_nothing_in_the_translated_template(name, work):
    file = work / f"translated-{name}.json"
    file.write_text(json.dumps(translated(texts()[name]), indent=1))
    tool(TOOLS / "cfn-lint", "--regions", "eu-west-1", "--template", file)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"RetentionInDays"', '"RetentionInDay"'), ('"MaximumRetryAttempts": 0', '"MaximumRetryAttempts": 7')],
    ids=["an unknown property", "a value out of range"],
)
def test_a_fault_planted_in_the_translated_template_is_found(old, new, work):
    text = json.dumps(translated(texts()["template.yaml"]))
    assert old in text
    file = work / "planted.json"
    file.write_text(text.replace(old, new))
    done = subprocess.run([TOOLS / "cfn-lint", "--template", file], capture_output=True, text=True, timeout=600)
    assert done.returncode != 0
