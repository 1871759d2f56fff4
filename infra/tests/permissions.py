"""Least privilege: a role is granted and denied what is in the access matrix below, all of it and nothing else.

The matrix is written by hand from what the functions need, not from either description.
"""

from cloudformation import ACCOUNT, REGION, arn

NAME = "referral-bridge"
WORKFLOWS = ("referrals-to-primero", "decisions-to-progres", "referrals-to-progres", "decisions-to-primero")
TABLE = arn("dynamodb", f"table/{NAME}-state")
QUEUE = arn("sqs", f"{NAME}-failed-runs")

KEY_FOR_TABLE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
NETWORK = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
# For these AWS offers nothing better than every resource: X-Ray and reading several secrets have none, and Lambda asks for the network's
# on all.
EVERY_RESOURCE = {"secretsmanager:BatchGetSecretValue", "xray:PutTelemetryRecords", "xray:PutTraceSegments", *NETWORK}

READING = ("BatchGetItem", "DescribeTable", "GetItem", "Query", "Scan")
LOOKING = (
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetDashboard",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListDashboards",
    "logs:DescribeLogGroups",
    "logs:DescribeQueryDefinitions",
    "logs:GetQueryResults",
)

# Before an action: a denial. It narrows what is granted, so it is as necessary as a grant.
DENIED = "no "
FROM_FUNCTIONS = f"ArnLike lambda:SourceFunctionArn {arn('lambda', f'function:{NAME}-*')}"


# Partitions that all four share.
SHARED = ("*#find", "*#scope", "*#request#*", "*#sign-in", "deployments", "owner#*")
# Whose rows a workflow reads and never writes.
READS = {
    "referrals-to-primero": "decisions-to-progres",
    "decisions-to-progres": "referrals-to-primero",
    "referrals-to-progres": "decisions-to-primero",
    "decisions-to-primero": "referrals-to-progres",
}


def rows_of(workflow, *shared):
    keys = ", ".join(sorted([f"*#{workflow}", *shared]))
    return f"ForAllValues:StringLike dynamodb:LeadingKeys {keys}"


def through(service):
    return f"StringEquals kms:ViaService {service}.{REGION}.amazonaws.com"


def matrix(network):
    """Role → the grants and denials it has: (action, resource, condition)."""
    grants = {}
    for workflow in WORKFLOWS:
        own = set()
        for action in ("BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "Query", "UpdateItem"):
            own.add((f"dynamodb:{action}", TABLE, rows_of(workflow, *SHARED)))
        own.add(("dynamodb:Query", f"{TABLE}/index/due", rows_of(workflow)))
        for action in ("BatchGetItem", "GetItem"):
            own.add((f"dynamodb:{action}", TABLE, rows_of(READS[workflow])))
        for system in ("ping", "primero", "ledger"):
            own.add(("secretsmanager:GetSecretValue", arn("secretsmanager", f"secret:{NAME}/*/{system}-*"), ""))
        own.add(("secretsmanager:BatchGetSecretValue", "*", ""))
        own.add(("kms:Decrypt", "<key>", through("secretsmanager")))
        own.update((action, "<key>", through("dynamodb")) for action in KEY_FOR_TABLE)
        own.add(("sqs:SendMessage", QUEUE, ""))
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            own.add((action, arn("logs", f"log-group:/aws/lambda/{NAME}-{workflow}:*"), ""))
        own.update((action, "*", "") for action in ("xray:PutTelemetryRecords", "xray:PutTraceSegments"))
        if network:
            own.update((action, "*", "") for action in NETWORK)
            # Lambda itself joins the network; the function's own code may not.
            own.update((f"{DENIED}{action}", "*", FROM_FUNCTIONS) for action in NETWORK)
        grants[f"{NAME}-{workflow}"] = own
    starts = {("lambda:InvokeFunction", arn("lambda", f"function:{NAME}-{workflow}:live"), "") for workflow in WORKFLOWS}
    grants[f"{NAME}-scheduler"] = starts | {("sqs:SendMessage", QUEUE, "")}
    return grants


def trust(role):
    service = "scheduler" if role.endswith("-scheduler") else "lambda"
    group = f"StringEquals aws:SourceAccount {ACCOUNT}; StringEquals aws:SourceArn {arn('scheduler', f'schedule-group/{NAME}')}"
    condition = group if service == "scheduler" else ""
    return {("sts:AssumeRole", f"{service}.amazonaws.com", condition)}


def of_role(shapes, name):
    """A role's statements, its own and those of the policies that it has."""
    shape = shapes["role", name]
    statements = [statement for own in shape["own"].values() for statement in own]
    for attached in shape["attached"]:
        policy = shapes.get(("policy", attached.rsplit("/", 1)[-1]))
        # A policy that is not described here (one of AWS's, say) grants nobody knows what.
        statements += policy["statements"] if policy else [_unknown(attached)]
    return statements


def granted(shapes):
    """Role → what the description grants and denies it."""
    return {name: _stated(of_role(shapes, name)) for kind, name in shapes if kind == "role"}


def faults(shapes):
    """Every breach of least privilege, one line each."""
    found = []
    network = any(shape["network"] for (kind, _), shape in shapes.items() if kind == "function")
    expected, actual = matrix(network), granted(shapes)
    for role in sorted(expected.keys() | actual.keys()):
        for action, resource, condition in sorted(actual.get(role, set())):
            if "*" in action:
                found.append(f"{role}: {action} is a wildcard action")
            if resource == "*" and action.removeprefix(DENIED) not in EVERY_RESOURCE:
                found.append(f"{role}: {action} on every resource, though AWS offers better")
        for action, resource, condition in sorted(actual.get(role, set()) - expected.get(role, set())):
            found.append(f"{role}: {action} on {resource} [{condition}] is outside the access matrix")
        for action, resource, condition in sorted(expected.get(role, set()) - actual.get(role, set())):
            found.append(f"{role}: lacks {action} on {resource} [{condition}]")
        if role in actual:
            trusted = _trusted(shapes["role", role]["trust"])
            if trusted != trust(role):
                found.append(f"{role}: may be assumed by {sorted(trusted)}")
    return found + _officer_faults(shapes) + _key_faults(shapes)


def _officer_faults(shapes):
    """An officer reads, and writes nothing but requests under the own name and the end of a refused sign-in."""
    actual = _stated(shapes["policy", f"{NAME}-officer"]["statements"])
    expected = {(f"dynamodb:{action}", table, "") for action in READING for table in (TABLE, f"{TABLE}/index/*")}
    own = "ForAllValues:StringLike dynamodb:LeadingKeys *#request#${aws:userid}"
    expected |= {(f"dynamodb:{action}", TABLE, own) for action in ("PutItem", "UpdateItem")}
    expected.add(("dynamodb:DeleteItem", TABLE, rows_of("sign-in")))
    expected.add(("kms:Decrypt", "<key>", through("dynamodb")))
    expected |= {(action, arn("logs", f"log-group:/aws/lambda/{NAME}-*"), "") for action in ("logs:FilterLogEvents", "logs:StartQuery")}
    expected |= {(action, "*", "") for action in LOOKING}
    found = [f"officer: {action} on {resource} [{condition}] is too much" for action, resource, condition in sorted(actual - expected)]
    return found + [f"officer: lacks {action} on {resource} [{condition}]" for action, resource, condition in sorted(expected - actual)]


def _key_faults(shapes):
    """The key's own policy: the account administers it, logs and alarms use it, nobody else."""
    found = []
    for (kind, name), shape in shapes.items():
        if kind != "key":
            continue
        for statement in shape["policy"]:
            who = statement["Principal"]
            if who == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}:
                continue
            if who not in ({"Service": f"logs.{REGION}.amazonaws.com"}, {"Service": "cloudwatch.amazonaws.com"}):
                found.append(f"key: open to {who}")
            if any("*" in action for action in statement["Action"]):
                found.append(f"key: wildcard action for {who}")
            if not statement["Condition"]:
                found.append(f"key: no condition for {who}")
    return found


def _unknown(name):
    return {"Effect": "Allow", "Action": [f"* of {name}"], "Resource": ["*"], "Condition": {}}


def _condition(statement):
    return "; ".join(
        f"{operator} {key} {', '.join(values)}"
        for operator, tests in sorted(statement["Condition"].items())
        for key, values in sorted(tests.items())
    )


def _stated(statements):
    stated = set()
    for statement in statements:
        mark = {"Allow": "", "Deny": DENIED}[statement["Effect"]]
        if {"NotAction", "NotResource"} & statement.keys():
            stated.add((f"{mark}* by exclusion", "*", ""))
            continue
        for action in statement["Action"]:
            stated.update((f"{mark}{action}", resource, _condition(statement)) for resource in statement["Resource"])
    return stated


def _trusted(statements):
    trusted = set()
    for statement in statements:
        for principals in statement["Principal"].values():
            for principal in principals if isinstance(principals, list) else [principals]:
                trusted.update((action, principal, _condition(statement)) for action in statement["Action"])
    return trusted
