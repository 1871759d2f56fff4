"""Every command of infra/README.md: by which test it is tried, or why it needs real AWS."""

import re
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"

# Beginning of a command → the test that runs it.
TRIED = {
    "export AWS_REGION=": "test_readme",
    "umask 077": "test_readme",
    "cat >": "test_readme",
    "python3 -c 'import json, secrets": "test_readme",
    "for system in ping primero ledger": "test_readme",
    "aws secretsmanager put-secret-value": "test_readme",
    "rm ping.json": "test_readme",
    "aws dynamodb delete-item": "test_readme",
    "aws dynamodb query": "test_readme",
    "aws dynamodb restore-table-to-point-in-time": "test_readme",
    "aws dynamodb create-backup": "test_readme",
    "aws dynamodb update-table": "test_readme",
    "aws dynamodb delete-table": "test_readme",
    "aws dynamodb restore-table-from-backup": "test_readme",
    "aws dynamodb update-time-to-live": "test_readme",
    "aws dynamodb update-continuous-backups": "test_readme",
    "aws dynamodb list-backups": "test_readme",
    "aws secretsmanager delete-secret": "test_readme",
    "aws kms schedule-key-deletion": "test_readme",
    "cp samconfig.example.toml": "test_sam",
    "cd infra/sam && sam deploy": "test_sam",
    "sam deploy": "test_sam",
    "cp example.tfvars": "test_terraform",
    "terraform init": "test_terraform",
    "terraform plan": "test_terraform",
    "terraform apply": "test_terraform",
    "terraform destroy": "test_terraform",
    "terraform state rm": "test_terraform",
    "cd infra/terraform && terraform state rm": "test_terraform",
    "cd infra/": "test_readme",
    "infra/switch": "test_switch",
    "aws cloudformation deploy": "infra/emulated/test_packaged.py",
    "bridge held": "cli/tests/program/ledger.rs",
    "bridge show": "cli/tests/program/ledger.rs",
    "bridge runs": "cli/tests/program/ledger.rs",
    "bridge allow-sign-in": "cli/tests/program/ledger.rs",
    "done": "test_readme",
}
NEEDS_AWS = {
    "aws schemas create-registry": "the stand-in has no event schemas; the events themselves are checked by test_events",
    "aws schemas create-schema": "as above",
    "for file in infra/events": "as above",
    "aws lambda invoke": "an option of AWS CLI 2, which no package registry has; the same events are sent to the built functions by test_functions",
    "cd infra/sam && sam delete": "removes a stack, and no stand-in has one",
    "git pull": "needs the repository's origin",
    "infra/package": "needs a Rust target that may be absent; what it puts around a build is checked by test_package",
    "infra/check": "is what runs this",
    "infra/emulated/check": "takes minutes, and packages that are built; .ci/full runs it",
}


def blocks(text=None):
    """The shell blocks of the page, without their indentation."""
    for indent, body in re.findall(r"^([ ]*)```sh\n(.*?)^\1```$", text or README.read_text(), re.DOTALL | re.MULTILINE):
        yield "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))


def commands(text=None):
    """Every command, in one line; what a heredoc holds is none."""
    for block in blocks(text):
        joined = re.sub(r"<<'(\w+)'\n.*?^\1$", "", block.replace("\\\n", " "), flags=re.DOTALL | re.MULTILINE)
        for line in joined.splitlines():
            command = re.sub(r"\s+#.*$", "", " ".join(line.split()))
            if command and not command.startswith("#"):
                yield command


def unexplained(text=None):
    """Commands that no test tries and no reason excuses."""
    known = (*TRIED, *NEEDS_AWS)
    return [command for command in commands(text) if not command.startswith(known)]


def block_with(word):
    """The one block in which a word stands."""
    (found,) = [block for block in blocks() if word in block]
    return found
