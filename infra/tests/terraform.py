"""Runs Terraform on the description, with a provider found on this machine, against a stand-in for AWS."""

import json
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "terraform"

# moto has no API for these: planned and compared, never applied.
NOT_HELD_BY_MOTO = {"aws_cloudwatch_query_definition", "aws_cloudwatch_composite_alarm"}

# They hold what cannot be made again: what was sent, and the keys to it.
KEPT = ("aws_dynamodb_table.state", "aws_kms_key.bridge", "aws_secretsmanager_secret.ledger")


def provider_mirror():
    """A folder laid out as a mirror (registry.terraform.io/hashicorp/aws/5.…), from where Terraform and people put them."""
    home = Path.home()
    data = os.environ.get("XDG_DATA_HOME", home / ".local/share")
    shares = os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":")
    roots = [home / ".terraform.d", Path(data) / "terraform", *(Path(share) / "terraform" for share in shares), Path("/opt")]
    if cache := os.environ.get("TF_PLUGIN_CACHE_DIR"):
        roots.insert(0, Path(cache))
    for root in roots:
        for depth in ("", "*/", "*/*/"):
            for found in sorted(root.glob(f"{depth}registry.terraform.io/hashicorp/aws/5.*")):
                return found.parents[3]
    return None


def missing():
    """Why Terraform cannot run here; nothing if it can."""
    if shutil.which("terraform") is None:
        return "there is no terraform on this machine"
    if provider_mirror() is None:
        return "no AWS provider of version 5 was found on this machine"
    return None


class Terraform:
    """A working copy of the description with its own state."""

    def __init__(self, work, endpoint, packages):
        self.work, self.packages, self.calls = work, packages, work / "calls.log"
        for file in HERE.glob("*.tf"):
            shutil.copy(file, work)
        configuration = work / "cli.tfrc"
        configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{provider_mirror()}"\n  }}\n}}\n')
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
        self.environment = {
            **kept,
            "TF_CLI_CONFIG_FILE": str(configuration),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            # Every service of the provider answers there.
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_MAX_ATTEMPTS": "3",
            # The provider's own log names every call that it makes.
            "TF_LOG_PROVIDER": "DEBUG",
            "TF_LOG_PATH": str(self.calls),
        }

    def run(self, *arguments):
        done = subprocess.run(
            ["terraform", *arguments], cwd=self.work, env=self.environment, capture_output=True, text=True, timeout=900
        )
        if done.returncode != 0:
            raise AssertionError(f"terraform {arguments[0]} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def use(self, settings):
        """Settings for what follows."""
        settings = {"region": "eu-west-1", "package_directory": str(self.packages), **settings}
        (self.work / "settings.auto.tfvars.json").write_text(json.dumps(settings))

    def plan(self):
        """What would be made, with every value that is known."""
        self.run("plan", "-no-color", "-input=false", "-out=plan")
        return json.loads(self.run("show", "-json", "plan"))

    def apply_network(self):
        """The network alone, as the README says for a stack that has none yet: the provider cannot plan functions into a network to come."""
        targets = ("aws_nat_gateway.egress", "aws_route_table_association.private", "aws_security_group.functions")
        self.run("apply", "-no-color", "-input=false", "-auto-approve", *(f"-target={address}" for address in targets))

    def apply(self):
        """Makes all that the stand-in can hold."""
        resources = self.plan()["planned_values"]["root_module"]["resources"]
        addresses = {f"{r['type']}.{r['name']}" for r in resources if r["mode"] == "managed" and r["type"] not in NOT_HELD_BY_MOTO}
        targets = [f"-target={address}" for address in sorted(addresses)]
        self.run("apply", "-no-color", "-input=false", "-auto-approve", *targets)

    def refused_removal(self):
        """What is said to one who would remove everything at once."""
        try:
            self.run("plan", "-destroy", "-no-color", "-input=false", "-refresh=false")
        except AssertionError as refused:
            return str(refused)
        return ""

    def remove(self):
        """As the README says: what must outlive the stack is taken out of Terraform's hands first."""
        self.run("state", "rm", *KEPT)
        self.run("destroy", "-no-color", "-input=false", "-auto-approve")
