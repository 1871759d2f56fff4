"""The deployer's policies grant the calls that a deployment makes, and no more."""

import json

import pytest

import deployer


def test_the_policies_are_what_was_recorded_and_what_has_a_reason(deployed):
    assert len(deployed.calls) > 80
    found = deployer.faults(deployed.calls, deployer.statements())
    assert not found, "\n".join(found)


def test_a_grant_too_few_and_one_too_many_are_found(deployed):
    text = json.dumps(deployer.statements())
    assert deployer.faults(deployed.calls, json.loads(text.replace('"lambda:CreateAlias"', '"lambda:CreateAliases"'))) == [
        "lacks lambda:CreateAlias",
        "needs no lambda:CreateAliases",
    ]
    with pytest.raises(ValueError):
        deployer.granted(json.loads(text.replace('"lambda:CreateAlias"', '"lambda:*"')))


@pytest.mark.parametrize("file", deployer.FILES)
def test_each_fits_into_a_managed_policy(file):
    assert len(json.dumps(json.loads((deployer.POLICIES / file).read_text()), separators=(",", ":"))) <= 6144


def test_roles_are_given_to_lambda_and_the_scheduler_only():
    (given,) = [one for one in deployer.statements() if "iam:PassRole" in one["Action"]]
    assert given["Action"] == ["iam:PassRole"] and given["Resource"] == ["arn:aws:iam::*:role/referral-bridge-*"]
    assert given["Condition"]["StringEquals"]["iam:PassedToService"] == ["lambda.amazonaws.com", "scheduler.amazonaws.com"]
