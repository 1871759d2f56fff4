"""The Terraform description in the common shape, from a plan made once everything is there, so that every value is known."""

import json
from pathlib import PurePath

from shape import policy, shaped

# Parts of another resource in CloudFormation: joined to it below, with every argument.
PARTS = {"aws_iam_role_policy", "aws_iam_role_policy_attachment"}

# Set for every build of the packages; looked at in `_publishes`.
OVERLOOKED = {"aws_lambda_function": {"source_code_hash", "publish"}}


def described(plan):
    """`plan`: what `terraform show -json` says of a plan."""
    arguments = {r["address"]: set(_paths(r.get("expressions", {}))) for r in plan["configuration"]["root_module"]["resources"]}
    resources = [r for r in plan["planned_values"]["root_module"]["resources"] if r["mode"] == "managed"]
    resources = _with_tokens(resources)
    _publishes(resources)
    shapes = {}
    for resource in resources:
        if resource["type"] in PARTS:
            continue
        kind, name = resource["type"], resource["name"]
        written = arguments[f"{kind}.{name}"] - OVERLOOKED.get(kind, set())
        key, shape = shaped(SHAPES[kind], resource["values"], lambda path: not _is_within(path, written))
        if key in shapes:
            raise ValueError(f"two resources are called {key}")
        shapes[key] = shape
    for resource in resources:
        values = resource["values"]
        if resource["type"] == "aws_iam_role_policy":
            shapes["role", values["role"]]["own"][values["name"]] = policy(values["policy"])
        elif resource["type"] == "aws_iam_role_policy_attachment":
            attached = shapes["role", values["role"]]["attached"]
            attached.append(values["policy_arn"])
            attached.sort()
    return shapes


def _publishes(resources):
    """A new version of every change, as SAM makes one for the alias."""
    for resource in resources:
        if resource["type"] == "aws_lambda_function" and not resource["values"]["publish"]:
            raise ValueError(f"{resource['address']}: no versions are kept")


def _paths(expressions):
    """The arguments that the description writes; a plan's values also hold what the provider makes up. Dynamic blocks are not among
    them."""
    for name, expression in expressions.items():
        blocks = expression if isinstance(expression, list) else [expression]
        if "references" in blocks[0] or "constant_value" in blocks[0] or not blocks[0]:
            yield name
        else:
            yield from (f"{name}.{path}" for block in blocks for path in _paths(block))


def _is_within(path, written):
    return any(path == argument or path.startswith(f"{argument}.") for argument in written)


def _with_tokens(resources):
    """What AWS made up (ids) as the tokens of cloudformation.py."""
    tokens = {}
    kinds = {
        "aws_vpc": "vpc",
        "aws_subnet": "subnet",
        "aws_internet_gateway": "internetgateway",
        "aws_eip": "eip",
        "aws_nat_gateway": "natgateway",
        "aws_route_table": "routetable",
        "aws_security_group": "securitygroup",
    }
    for resource in resources:
        values = resource["values"]
        if resource["type"] == "aws_kms_key":
            tokens[values["arn"]] = "<key>"
            tokens[values["key_id"]] = "<key id>"
        elif resource["type"] in kinds:
            tokens[values["id"]] = f"<{kinds[resource['type']]} {values['tags']['Name']}>"
    text = json.dumps(resources)
    for made_up in sorted(tokens, key=len, reverse=True):
        text = text.replace(made_up, tokens[made_up])
    return json.loads(text)


def _key(v):
    return ("key", v["description"]), {
        "rotation": v["enable_key_rotation"],
        "days_to_deletion": v["deletion_window_in_days"],
        "policy": policy(v["policy"]),
    }


def _table(v):
    return ("table", v["name"]), {
        "billing": v["billing_mode"],
        "protected": str(v["deletion_protection_enabled"]).lower(),
        "attributes": sorted([a["name"], a["type"]] for a in v["attribute"]),
        "keys": [[v["hash_key"], "HASH"], [v["range_key"], "RANGE"]],
        "indexes": [
            {
                "name": index["name"],
                "keys": [[index["hash_key"], "HASH"], [index["range_key"], "RANGE"]],
                "projection": index["projection_type"],
                "attributes": sorted(index["non_key_attributes"]),
            }
            for index in v["global_secondary_index"]
        ],
        "ttl": [v["ttl"][0]["attribute_name"], v["ttl"][0]["enabled"]],
        "point_in_time_recovery": v["point_in_time_recovery"][0]["enabled"],
        "encryption": [v["server_side_encryption"][0]["enabled"], "KMS", v["server_side_encryption"][0]["kms_key_arn"]],
    }


def _function(v):
    # A dynamic block: everything that can be set is read.
    network = [[sorted(n["subnet_ids"]), sorted(n["security_group_ids"]), n["ipv6_allowed_for_dual_stack"]] for n in v["vpc_config"]]
    return ("function", v["function_name"]), {
        "description": v["description"],
        "runtime": v["runtime"],
        "handler": v["handler"],
        "package": PurePath(v["filename"]).parent.name,
        "architectures": v["architectures"],
        "memory_mb": v["memory_size"],
        "timeout_seconds": v["timeout"],
        "environment": v["environment"][0]["variables"],
        "tracing": v["tracing_config"][0]["mode"],
        "role": v["role"],
        "network": network[0] if network else None,
    }


def _invoke(v):
    return ("asynchronous invocation", v["function_name"]), {
        "qualifier": v["qualifier"],
        "retries": v["maximum_retry_attempts"],
        "age_seconds": v["maximum_event_age_in_seconds"],
        "on_failure": v["destination_config"][0]["on_failure"][0]["destination"],
    }


def _role(v):
    return ("role", v["name"]), {
        "description": v["description"],
        "trust": policy(v["assume_role_policy"]),
        "boundary": v["permissions_boundary"] or None,
        "own": {},
        "attached": [],
    }


def _schedule(v):
    target, window = v["target"][0], v["flexible_time_window"][0]
    return ("schedule", f"{v['group_name']}/{v['name']}"), {
        "description": v["description"],
        "state": v["state"],
        "expression": v["schedule_expression"],
        "timezone": v["schedule_expression_timezone"],
        "window": [window["mode"], window["maximum_window_in_minutes"] or None],
        "function": target["arn"],
        "role": target["role_arn"],
        "input": json.loads(target["input"]),
        "retries": target["retry_policy"][0]["maximum_retry_attempts"],
        "age_seconds": target["retry_policy"][0]["maximum_event_age_in_seconds"],
        "dead_letters": target["dead_letter_config"][0]["arn"],
    }


def _alarm(v):
    return ("alarm", v["alarm_name"]), {
        "description": v["alarm_description"],
        "armed": v["actions_enabled"],
        "series": {each["id"]: _series(each) for each in v["metric_query"]} or {"told": _metric(v, v["statistic"])},
        "periods": v["evaluation_periods"],
        "comparison": v["comparison_operator"],
        "threshold": v["threshold"],
        "missing": v["treat_missing_data"],
        "actions": v["alarm_actions"] or [],
        "ok_actions": v["ok_actions"] or [],
    }


def _metric(v, statistic):
    return {
        "metric": [v["namespace"], v["metric_name"]],
        "dimensions": v["dimensions"],
        "statistic": statistic,
        "period": v["period"],
    }


def _series(v):
    # Some stand in a dynamic block: everything that can be set is read.
    if others := [key for key in ("account_id", "period") if v[key]]:
        raise ValueError(f"{v['id']}: {others} are not compared")
    if v["expression"]:
        return {"expression": v["expression"], "label": v["label"], "decides": v["return_data"] or False}
    (metric,) = v["metric"]
    if v["label"] or metric["unit"]:
        raise ValueError(f"{v['id']}: label and unit are not compared")
    return _metric(metric, metric["stat"]) | {"decides": v["return_data"] or False}


def _composite(v):
    return ("alarm", v["alarm_name"]), {
        "description": v["alarm_description"],
        "armed": v["actions_enabled"],
        "rule": v["alarm_rule"],
        "actions": v["alarm_actions"],
        "ok_actions": v["ok_actions"] or [],
    }


def _route(v):
    way = v["gateway_id"] or v["nat_gateway_id"]
    return ("route", v["route_table_id"]), {"to": v["destination_cidr_block"], "by": way}


def _security_group(v):
    rules = [[r["protocol"], r["from_port"], r["to_port"], r["cidr_blocks"], r["description"]] for r in v["egress"]]
    return ("security group", v["name"]), {
        "title": v["tags"]["Name"],
        "description": v["description"],
        "network": v["vpc_id"],
        "out": rules,
        "out_to_itself": any(r["self"] for r in v["egress"]),
        "in": v["ingress"],
    }


def _subnet(v):
    return ("subnet", v["tags"]["Name"]), {
        "network": v["vpc_id"],
        "addresses": v["cidr_block"],
        "zone": v["availability_zone"],
    }


SHAPES = {
    "aws_kms_key": _key,
    "aws_kms_alias": lambda v: (("key alias", v["name"]), {"key": v["target_key_id"]}),
    "aws_dynamodb_table": _table,
    "aws_secretsmanager_secret": lambda v: (
        ("secret", v["name"]),
        # Terraform fills a secret by a resource of its own, for which there is no shape here: it would be an error.
        {"description": v["description"], "key": v["kms_key_id"], "filled": False},
    ),
    "aws_lambda_function": _function,
    "aws_lambda_alias": lambda v: (("alias", f"{v['function_name']}:{v['name']}"), {"version": "<version>" if v["function_version"].isdigit() else v["function_version"]}),
    "aws_lambda_function_event_invoke_config": _invoke,
    "aws_cloudwatch_log_group": lambda v: (("log group", v["name"]), {"days": v["retention_in_days"], "key": v["kms_key_id"]}),
    "aws_sqs_queue": lambda v: (
        ("queue", v["name"]),
        {"kept_seconds": v["message_retention_seconds"], "encrypted": v["sqs_managed_sse_enabled"]},
    ),
    "aws_iam_role": _role,
    "aws_iam_policy": lambda v: (
        ("policy", v["name"]),
        {"description": v["description"], "statements": policy(v["policy"])},
    ),
    "aws_scheduler_schedule_group": lambda v: (("schedule group", v["name"]), {}),
    "aws_scheduler_schedule": _schedule,
    "aws_sns_topic": lambda v: (("topic", v["name"]), {"title": v["display_name"], "key": v["kms_master_key_id"]}),
    "aws_sns_topic_subscription": lambda v: (
        ("subscription", v["endpoint"]),
        {"topic": v["topic_arn"], "protocol": v["protocol"]},
    ),
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_cloudwatch_composite_alarm": _composite,
    "aws_cloudwatch_dashboard": lambda v: (("dashboard", v["dashboard_name"]), json.loads(v["dashboard_body"])),
    "aws_cloudwatch_query_definition": lambda v: (
        ("saved query", v["name"]),
        {"groups": v["log_group_names"], "query": v["query_string"].strip()},
    ),
    "aws_vpc": lambda v: (
        ("network", v["tags"]["Name"]),
        {"addresses": v["cidr_block"], "dns": [v["enable_dns_support"], v["enable_dns_hostnames"]]},
    ),
    "aws_subnet": _subnet,
    "aws_internet_gateway": lambda v: (("internet gateway", f"<internetgateway {v['tags']['Name']}>"), {"network": v["vpc_id"]}),
    "aws_eip": lambda v: (("fixed address", v["tags"]["Name"]), {"domain": v["domain"]}),
    "aws_nat_gateway": lambda v: (
        ("nat gateway", v["tags"]["Name"]),
        {"subnet": v["subnet_id"], "address": v["allocation_id"]},
    ),
    "aws_route_table": lambda v: (("route table", v["tags"]["Name"]), {"network": v["vpc_id"]}),
    "aws_route": _route,
    "aws_route_table_association": lambda v: (("route of subnet", v["subnet_id"]), {"table": v["route_table_id"]}),
    "aws_vpc_endpoint": lambda v: (
        ("endpoint", v["service_name"]),
        {"network": v["vpc_id"], "kind": v["vpc_endpoint_type"], "tables": v["route_table_ids"]},
    ),
    "aws_security_group": _security_group,
}
