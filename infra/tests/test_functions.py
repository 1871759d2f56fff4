"""The built functions under `cargo lambda`, as a person in the console would invoke them: with a DynamoDB, a Secrets Manager and both
systems to talk to, all on this machine."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

import account
import moto_server
import recorder
from conftest import from_sam_names, sam_shapes
from permissions import TABLE, WORKFLOWS, of_role

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "target" / "debug"
RECORDS = 12
# What goes out where a repeat does harm begins on an empty ledger only if a person says so.
FIRST = {name: {"first_run": True} for name in ("decisions-to-progres", "referrals-to-progres")}
SCHEDULED = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.scheduler",
    "account": "123456789012",
    "time": "2026-11-23T00:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": "{}",
}


@contextmanager
def process(*command, **options):
    """A process that ends with the block."""
    started = subprocess.Popen([str(part) for part in command], cwd=ROOT, **options)
    try:
        yield started
    finally:
        started.kill()
        started.wait(timeout=30)


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """Invokes a function by name, with every function running; answers what `cargo lambda invoke` printed."""
    # The programs that the tests build: another choice of packages has other features, and is built anew.
    subprocess.run(["cargo", "test", "--workspace", "--no-run", "--quiet", "--locked"], cwd=ROOT, check=True)
    folder = tmp_path_factory.mktemp("functions")
    tools = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with ExitStack() as scene:
        aws = scene.enter_context(moto_server.running(folder / "moto.log"))
        systems = scene.enter_context(
            process(
                *(BUILT / "bridge", "bench-systems", f"--records={RECORDS}", "--latency-ms=0"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        addresses = json.loads(systems.stdout.readline())
        keep_secrets(aws, addresses["secrets"])
        port = free_port()
        apis = ["cargo", "lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1", "--invoke-port", port]
        with open(folder / "cargo-lambda.log", "w") as lines:
            scene.enter_context(process(*apis, env=tools, stdout=lines, stderr=lines))
            wait_for(port)
            asked = {name: set() for name in from_sam_names()}
            for name in from_sam_names():
                state = scene.enter_context(recorder.between(addresses["state"], asked[name]))
                environment = surroundings(name, port, aws, state, addresses["state_key"])
                scene.enter_context(process(BUILT / name, env=environment, stdout=lines, stderr=lines))
        make_table(addresses["state"], addresses["state_key"])

        def invoke(name, event):
            command = ["cargo", "lambda", "invoke", name, "--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
            command += ["--data-ascii", json.dumps(event), "--output-format", "json"]
            done = subprocess.run(command, cwd=ROOT, env=tools, capture_output=True, text=True, timeout=120)
            return done.stdout + done.stderr

        invoke.asked = asked
        invoke.log = folder / "cargo-lambda.log"
        yield invoke


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("cargo lambda does not answer")


def surroundings(name, port, aws, state, key):
    return {
        "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{port}/.rt/{name}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_REGION": "eu-west-1",
        # The state on this machine answers to its own key alone.
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_ENDPOINT_URL_DYNAMODB": state,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws,
        "TABLE_NAME": "state",
        "SECRET_PREFIX": "referral-bridge",
        "DEPLOYMENT": "gambella",
        "PROFILES_DIR": str(ROOT / "infra" / "profiles"),
    }


def keep_secrets(endpoint, systems):
    client = account.clients(endpoint)("secretsmanager")
    for system, secret in {**systems, "ledger": {"fingerprint_key": "an invented key of 32 characters"}}.items():
        client.create_secret(Name=f"referral-bridge/gambella/{system}", SecretString=json.dumps(secret))


def make_table(endpoint, key):
    text = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "due")]
    keys = lambda sort: [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
    index = {"IndexName": "due", "KeySchema": keys("due"), "Projection": {"ProjectionType": "ALL"}}
    client = account.clients(endpoint, key)("dynamodb")
    client.create_table(
        TableName="state",
        AttributeDefinitions=text,
        KeySchema=keys("sk"),
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
    )


def report(printed):
    """The run's report in what was printed."""
    return json.loads(printed[printed.index("{") : printed.rindex("}") + 1])


@pytest.mark.parametrize("name", from_sam_names())
def test_a_dry_run_from_the_console_writes_nothing(functions, name):
    answer = report(functions(name, {"dry_run": True}))
    assert (answer["status"], answer["dry_run"], answer["workflow"]) == ("completed", True, name)


def test_a_scheduled_event_and_an_empty_one_are_ordinary_runs(functions):
    first = report(functions("referrals-to-primero", SCHEDULED))
    assert first["counts"]["delivered"] == RECORDS
    second = report(functions("referrals-to-primero", {}))
    assert (second["status"], second["counts"]["delivered"]) == ("completed", 0)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"deploiment": "gambella"}, ["unknown key", "deploiment"]),
        ({"dry_run": "yes"}, ["dry_run", "true or false"]),
        ({"deployment": "atlantis"}, ["unknown deployment", "atlantis"]),
        ({"deployment": "<country>", "dry_run": True}, ["deployment"]),
        ({"deployment": "reference"}, ["referral-bridge/reference/ping"]),
    ],
)
def test_what_a_function_cannot_do_it_says_by_name(functions, event, words):
    printed = functions("referrals-to-primero", event)
    assert all(word in printed for word in words), printed


def test_what_is_logged_before_a_run_begins_names_the_request(functions):
    functions("decisions-to-primero", {"deployment": "atlantis"})
    lines = [json.loads(line) for line in functions.log.read_text().splitlines() if '"unknown_deployment"' in line]
    assert lines and all(line["span"]["request_id"] and line["span"]["workflow"] for line in lines), lines


def test_every_row_that_a_function_touches_is_allowed_to_it(functions):
    shapes = sam_shapes("defaults")
    for name in WORKFLOWS:
        answer = report(functions(name, {"deployment": "gambella", **FIRST.get(name, {})}))
        assert answer["status"] == "completed", answer
        asked, allowed = functions.asked[name], of_role(shapes, f"referral-bridge-{name}")
        assert {action for action, _, _ in asked} >= {"PutItem", "Query"}, asked
        assert not recorder.refused(asked, allowed, TABLE)


@pytest.mark.parametrize("pattern", ["*#sign-in", "own"])
def test_a_narrower_policy_would_be_found(functions, pattern):
    """A policy that lacks what is touched."""
    name = "referrals-to-primero"
    functions(name, {"deployment": "gambella"})
    allowed = json.dumps(of_role(sam_shapes("defaults"), f"referral-bridge-{name}"))
    narrower = allowed.replace(f"*#{name}" if pattern == "own" else pattern, "nobody")
    assert narrower != allowed and recorder.refused(functions.asked[name], json.loads(narrower), TABLE)


def test_rows_of_another_workflow_are_refused_to_a_writer():
    allowed = of_role(sam_shapes("defaults"), "referral-bridge-referrals-to-primero")
    other = "gambella#decisions-to-progres"
    assert not recorder.refused({("GetItem", None, other)}, allowed, TABLE)
    for action, partition in [("PutItem", other), ("Query", other), ("GetItem", "gambella#referrals-to-progres"), ("DeleteItem", other)]:
        assert recorder.refused({(action, None, partition)}, allowed, TABLE)


@pytest.mark.parametrize(
    ("operation", "asked", "needed"),
    [
        ("GetItem", {"Key": {"pk": {"S": "a"}}}, [("GetItem", None, "a")]),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [{"pk": {"S": "a"}}]}}}, [("BatchGetItem", None, "a")]),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"Item": {"pk": {"S": "a"}}}}, {"ConditionCheck": {"Key": {"pk": {"S": "b"}}}}]},
            [("PutItem", None, "a"), ("ConditionCheckItem", None, "b")],
        ),
        (
            "Query",
            {
                "IndexName": "due",
                "KeyConditionExpression": "#p = :p AND due < :now",
                "ExpressionAttributeNames": {"#p": "pk"},
                "ExpressionAttributeValues": {":p": {"S": "a"}, ":now": {"S": "b"}},
            },
            [("Query", "due", "a")],
        ),
    ],
)
def test_a_request_is_read_as_what_it_needs(operation, asked, needed):
    assert list(recorder.needs(operation, asked)) == needed
