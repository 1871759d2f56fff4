"""The commands of infra/README.md, as they stand there, on the stand-in for AWS; and that none is left out."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import account
import commands
import moto_server

TOOLS = Path(os.environ["INFRA_CHECK_DIRECTORY"]) / "awscli" / "bin"
TABLE, KEY = "referral-bridge-state", "alias/referral-bridge"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """An account with the stack's table, key and secrets; runs a block of the page in it."""
    folder = tmp_path_factory.mktemp("readme")
    with moto_server.running(folder / "moto.log") as endpoint:
        client = account.clients(endpoint)
        key = client("kms").create_key()["KeyMetadata"]["KeyId"]
        client("kms").create_alias(AliasName=KEY, TargetKeyId=key)
        for system in ("ping", "primero", "ledger"):
            client("secretsmanager").create_secret(Name=f"referral-bridge/gambella/{system}")
        client("dynamodb").create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
            DeletionProtectionEnabled=True,
        )
        client("dynamodb").update_continuous_backups(
            TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_PAGER": "",
            "KEY_ID": key,
        }

        def run(block, **variables):
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block],
                cwd=folder,
                env={**environment, **variables},
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        run.client = client
        run.folder = folder
        yield run


def put(aws, pk, sk, **attributes):
    item = {name: {"S": value} for name, value in {"pk": pk, "sk": sk, **attributes}.items()}
    aws.client("dynamodb").put_item(TableName=TABLE, Item=item)


def test_every_command_is_tried_or_has_its_reason():
    found = list(commands.commands())
    assert len(found) > 50
    assert not commands.unexplained()
    assert all(len(reason) > 5 for reason in commands.NEEDS_AWS.values())


def test_a_command_that_nobody_tries_is_found():
    assert commands.unexplained("```sh\naws s3 rb --force s3://ledger\n```\n") == ["aws s3 rb --force s3://ledger"]


def test_what_is_listed_stands_on_the_page():
    found = list(commands.commands())
    unused = [begin for begin in (*commands.TRIED, *commands.NEEDS_AWS) if not any(one.startswith(begin) for one in found)]
    assert not unused


def test_secrets_are_filled_from_files_that_are_gone_afterwards(aws):
    aws(commands.block_with("put-secret-value"))
    value = aws.client("secretsmanager").get_secret_value(SecretId="referral-bridge/gambella/ledger")["SecretString"]
    assert len(json.loads(value)["fingerprint_key"]) >= 32
    assert not list(aws.folder.glob("*.json"))


def test_the_note_of_a_refused_sign_in_is_deleted(aws):
    put(aws, "gambella#sign-in", "auth_failed#primero")
    aws("aws dynamodb delete-item" + commands.block_with("dynamodb delete-item").partition("aws dynamodb delete-item")[2])
    assert aws.client("dynamodb").query(
        TableName=TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "gambella#sign-in"}}
    )["Count"] == 0


def test_what_a_wrong_profile_did_is_listed(aws):
    partition = "gambella#referrals-to-primero"
    put(aws, partition, "record#before", state="done", profile_version="v1", updated_at="2026-01-30T06:00:00Z")
    put(aws, partition, "record#after", state="done", profile_version="v2", updated_at="2026-01-31T07:00:00Z")
    put(aws, partition, "run#after", updated_at="2026-01-31T07:00:00Z")
    listed = json.loads(aws(commands.block_with("aws dynamodb query")))
    assert [item["sk"]["S"] for item in listed["Items"]] == ["record#after"]
    assert listed["Items"][0]["profile_version"]["S"] == "v2"


def test_the_table_is_restored_under_its_name_with_its_settings(aws):
    dynamodb = aws.client("dynamodb")
    put(aws, "gambella#referrals-to-progres", "record#kept", state="done")
    aws(commands.block_with("restore-table-to-point-in-time"))
    first, rest = commands.block_with("create-backup").split("\n", 1)
    made = json.loads(aws(first))["BackupDetails"]["BackupArn"]
    aws(rest, BACKUP_ARN=made)
    aws(commands.block_with("update-time-to-live"))
    table = dynamodb.describe_table(TableName=TABLE)["Table"]
    assert table["DeletionProtectionEnabled"]
    assert dynamodb.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]["AttributeName"] == "ttl"
    kept = {"pk": {"S": "gambella#referrals-to-progres"}, "sk": {"S": "record#kept"}}
    assert "Item" in dynamodb.get_item(TableName=TABLE, Key=kept)
    assert "BackupSummaries" in json.loads(aws(commands.block_with("list-backups")))


def test_what_outlived_the_stack_is_taken_off_by_hand(aws):
    hand = [block for block in commands.blocks() if "delete-table" in block and "create-backup" not in block]
    assert len(hand) == 1
    aws(hand[0])
    assert TABLE not in aws.client("dynamodb").list_tables()["TableNames"]
    aws(commands.block_with("schedule-key-deletion"))
