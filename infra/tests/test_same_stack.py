"""Both descriptions describe the same stack, resource by resource and value by value."""

import pytest

import from_terraform
from conftest import VARIANTS, sam_shapes
from from_sam import texts
from plants import DRIFT, planted
from shape import differences

KINDS = {
    "alarm",
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


@pytest.mark.parametrize("variant", VARIANTS)
def test_sam_and_terraform_describe_the_same_stack(variant, deployed):
    found = differences(sam_shapes(variant), from_terraform.described(deployed.plans[variant]))
    assert not found, "\n".join(found)


def test_every_kind_of_resource_is_compared():
    kinds = {kind for kind, _ in sam_shapes("defaults")}
    assert kinds == KINDS
    network = {kind for kind, _ in sam_shapes("everything")} - kinds
    assert {"network", "nat gateway", "fixed address", "security group", "subscription"} <= network


@pytest.mark.parametrize(("file", "old", "new", "word"), DRIFT, ids=[f"{plant[3]}: {plant[2].strip()}" for plant in DRIFT])
def test_a_planted_difference_is_found(file, old, new, word):
    found = differences(sam_shapes("everything", planted(texts(), file, old, new)), sam_shapes("everything"))
    found += differences(sam_shapes("defaults", planted(texts(), file, old, new)), sam_shapes("defaults"))
    assert any(word in line for line in found), found
