"""Both descriptions describe the same stack, resource by resource and value by value."""

import re

import pytest

import from_terraform
import terraform
from cloudformation import Stack, translated
from conftest import VARIANTS, sam_shapes
from from_sam import texts
from plants import DRIFT, DRIFT_OF_TERRAFORM, planted, planted_argument
from shape import differences

KINDS = {
    "alarm",
    "alias",
    "asynchronous invocation",
    "dashboard",
    "function",
    "key",
    "key alias",
    "log group",
    "policy",
    "queue",
    "role",
    "saved query",
    "schedule",
    "schedule group",
    "secret",
    "table",
    "topic",
}


@pytest.fixture(scope="module")
def of_terraform(deployed):
    return {variant: from_terraform.described(deployed.plans[variant]) for variant in VARIANTS}


@pytest.mark.parametrize("variant", VARIANTS)
def test_sam_and_terraform_describe_the_same_stack(variant, of_terraform):
    found = differences(sam_shapes(variant), of_terraform[variant])
    assert not found, "\n".join(found)


def test_every_kind_of_resource_is_compared():
    kinds = {kind for kind, _ in sam_shapes("defaults")}
    assert kinds == KINDS
    network = {kind for kind, _ in sam_shapes("everything")} - kinds
    assert {"network", "nat gateway", "fixed address", "security group", "subscription"} <= network


@pytest.mark.parametrize(("file", "old", "new", "word"), DRIFT, ids=[f"{plant[3]}: {plant[2].strip()}" for plant in DRIFT])
def test_a_planted_difference_is_found(file, old, new, word, of_terraform):
    changed = planted(texts(), file, old, new)
    found = [line for variant in VARIANTS for line in differences(sam_shapes(variant, changed), of_terraform[variant])]
    assert any(word in line for line in found), found


@pytest.mark.parametrize(("address", "path", "value"), DRIFT_OF_TERRAFORM, ids=[plant[1] for plant in DRIFT_OF_TERRAFORM])
def test_a_difference_planted_in_terraform_is_found(address, path, value, deployed):
    plan = planted_argument(deployed.plans["defaults"], address, path, value)
    found = differences(sam_shapes("defaults"), from_terraform.described(plan))
    assert any(path in line for line in found), found


def test_the_only_dynamic_blocks_are_ones_that_are_read_whole():
    """A plan does not say what is written in a dynamic block, so an unread argument in one would go unseen."""
    blocks = [block for file in terraform.HERE.glob("*.tf") for block in re.findall(r'dynamic "(\w+)"', file.read_text())]
    assert set(blocks) == {"metric_query", "vpc_config"}


@pytest.mark.parametrize("block", ["10.80.0.0/16", "10.80.0.0/25"])
def test_a_block_that_the_two_would_divide_differently_is_refused(block, deployed):
    with pytest.raises(ValueError, match="VpcCidr"):
        Stack(translated(texts()["template.yaml"]), {"VpcCidr": block})
    with pytest.raises(AssertionError, match="vpc_cidr is a block of /24"):
        deployed.runner.run("plan", "-no-color", "-input=false", "-refresh=false", f"-var=vpc_cidr={block}")
