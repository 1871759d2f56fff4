"""The SAM description in the common shape: the stack of template.yaml and one of deployment.yaml for each country."""

import json
from pathlib import Path

from cloudformation import Stack, translated
from shape import policy, shaped

SAM = Path(__file__).resolve().parent.parent / "sam"
TEMPLATES = ("template.yaml", "deployment.yaml")

# An internet gateway's attachment says all of it; a version is what a function is at the time.
WITHOUT_SHAPE = {"AWS::EC2::InternetGateway", "AWS::Lambda::Version"}

# Put there by SAM: where the code is uploaded to, and its own mark.
OVERLOOKED = {"AWS::Lambda::Function": {"Code.S3Bucket", "Tags.Key", "Tags.Value"}}


def texts():
    return {name: (SAM / name).read_text() for name in TEMPLATES}


def described(texts, parameters, deployments):
    """`parameters` of template.yaml; `deployments`: name → parameters of deployment.yaml."""
    stack = Stack(translated(texts["template.yaml"]), parameters)
    shapes = _shapes(stack)
    country = translated(texts["deployment.yaml"])
    for deployment, settings in deployments.items():
        one = Stack(country, {"Deployment": deployment, **settings}, stack.exports())
        for key, shape in _shapes(one).items():
            if key in shapes:
                raise ValueError(f"two resources are called {key}")
            shapes[key] = shape
    return shapes


def _shapes(stack):
    shapes = {}
    for logical_id, (kind, properties) in stack.resources().items():
        if kind in WITHOUT_SHAPE:
            continue
        key, shape = shaped(SHAPES[kind], properties, OVERLOOKED.get(kind, set()).__contains__)
        if key in shapes:
            raise ValueError(f"{logical_id}: two resources are called {key}")
        shapes[key] = shape
    return shapes


def _tag(p):
    return {tag["Key"]: tag["Value"] for tag in p.get("Tags", [])}.get("Name", "")


def _keys(schema):
    return [[key["AttributeName"], key["KeyType"]] for key in schema]


def _key(p):
    return ("key", p["Description"]), {
        "rotation": p["EnableKeyRotation"],
        "days_to_deletion": p["PendingWindowInDays"],
        "policy": policy(p["KeyPolicy"]),
    }


def _table(p):
    return ("table", p["TableName"]), {
        "billing": p["BillingMode"],
        "protected": str(p["DeletionProtectionEnabled"]).lower(),
        "attributes": sorted([a["AttributeName"], a["AttributeType"]] for a in p["AttributeDefinitions"]),
        "keys": _keys(p["KeySchema"]),
        "indexes": [
            {
                "name": index["IndexName"],
                "keys": _keys(index["KeySchema"]),
                "projection": index["Projection"]["ProjectionType"],
                "attributes": sorted(index["Projection"]["NonKeyAttributes"]),
            }
            for index in p["GlobalSecondaryIndexes"]
        ],
        "ttl": [p["TimeToLiveSpecification"]["AttributeName"], p["TimeToLiveSpecification"]["Enabled"]],
        "point_in_time_recovery": p["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
        "encryption": [p["SSESpecification"][key] for key in ("SSEEnabled", "SSEType", "KMSMasterKeyId")],
    }


def _function(p):
    network = p.get("VpcConfig")
    return ("function", p["FunctionName"]), {
        "description": p["Description"],
        "runtime": p["Runtime"],
        "handler": p["Handler"],
        "package": p["Code"]["S3Key"].removesuffix(".zip"),
        "architectures": p["Architectures"],
        "memory_mb": p["MemorySize"],
        "timeout_seconds": p["Timeout"],
        "environment": p["Environment"]["Variables"],
        "tracing": p["TracingConfig"]["Mode"],
        "role": p["Role"],
        "network": network
        and [sorted(network["SubnetIds"]), sorted(network["SecurityGroupIds"]), network.get("Ipv6AllowedForDualStack", False)],
    }


def _invoke(p):
    return ("asynchronous invocation", p["FunctionName"]), {
        "qualifier": p["Qualifier"],
        "retries": p["MaximumRetryAttempts"],
        "age_seconds": p["MaximumEventAgeInSeconds"],
        "on_failure": p["DestinationConfig"]["OnFailure"]["Destination"],
    }


def _role(p):
    return ("role", p["RoleName"]), {
        "description": p["Description"],
        "trust": policy(p["AssumeRolePolicyDocument"]),
        "boundary": p.get("PermissionsBoundary"),
        "own": {each["PolicyName"]: policy(each["PolicyDocument"]) for each in p.get("Policies", [])},
        "attached": sorted(p.get("ManagedPolicyArns", [])),
    }


def _managed_policy(p):
    return ("policy", p["ManagedPolicyName"]), {
        "description": p["Description"],
        "statements": policy(p["PolicyDocument"]),
    }


def _schedule(p):
    target = p["Target"]
    return ("schedule", f"{p['GroupName']}/{p['Name']}"), {
        "description": p["Description"],
        "state": p["State"],
        "expression": p["ScheduleExpression"],
        "timezone": p["ScheduleExpressionTimezone"],
        "window": [p["FlexibleTimeWindow"]["Mode"], p["FlexibleTimeWindow"].get("MaximumWindowInMinutes")],
        "function": target["Arn"],
        "role": target["RoleArn"],
        "input": json.loads(target["Input"]),
        "retries": target["RetryPolicy"]["MaximumRetryAttempts"],
        "age_seconds": target["RetryPolicy"]["MaximumEventAgeInSeconds"],
        "dead_letters": target["DeadLetterConfig"]["Arn"],
    }


def _alarm(p):
    return ("alarm", p["AlarmName"]), {
        "description": p["AlarmDescription"],
        "armed": p.get("ActionsEnabled", True),
        "series": {each["Id"]: _series(each) for each in p["Metrics"]} if "Metrics" in p else {"told": _metric(p, p["Statistic"], p["Period"])},
        "periods": p["EvaluationPeriods"],
        "comparison": p["ComparisonOperator"],
        "threshold": p["Threshold"],
        "missing": p["TreatMissingData"],
        "actions": p.get("AlarmActions", []),
        "ok_actions": p.get("OKActions", []),
    }


def _metric(p, statistic, period):
    return {
        "metric": [p["Namespace"], p["MetricName"]],
        "dimensions": {each["Name"]: each["Value"] for each in p["Dimensions"]},
        "statistic": statistic,
        "period": period,
    }


def _series(p):
    """A metric, or an expression over others; `decides`: it is what the threshold is held against."""
    if "Expression" in p:
        return {"expression": p["Expression"], "label": p["Label"], "decides": p["ReturnData"]}
    return _metric(p["MetricStat"]["Metric"], p["MetricStat"]["Stat"], p["MetricStat"]["Period"]) | {"decides": p["ReturnData"]}


def _composite(p):
    return ("alarm", p["AlarmName"]), {
        "description": p["AlarmDescription"],
        "armed": p.get("ActionsEnabled", True),
        "rule": p["AlarmRule"],
        "actions": p["AlarmActions"],
        "ok_actions": p.get("OKActions", []),
    }


def _route(p):
    way = p.get("GatewayId") or p["NatGatewayId"]
    return ("route", p["RouteTableId"]), {"to": p["DestinationCidrBlock"], "by": way}


def _security_group(p):
    rules = [[r["IpProtocol"], r["FromPort"], r["ToPort"], [r["CidrIp"]], r["Description"]] for r in p["SecurityGroupEgress"]]
    return ("security group", p["GroupName"]), {
        "title": _tag(p),
        "description": p["GroupDescription"],
        "network": p["VpcId"],
        "out": rules,
        "out_to_itself": False,
        "in": p.get("SecurityGroupIngress", []),
    }


def _subnet(p):
    return ("subnet", _tag(p)), {"network": p["VpcId"], "addresses": p["CidrBlock"], "zone": p["AvailabilityZone"]}


SHAPES = {
    "AWS::KMS::Key": _key,
    "AWS::KMS::Alias": lambda p: (("key alias", p["AliasName"]), {"key": p["TargetKeyId"]}),
    "AWS::DynamoDB::Table": _table,
    "AWS::SecretsManager::Secret": lambda p: (
        ("secret", p["Name"]),
        {"description": p["Description"], "key": p["KmsKeyId"], "filled": "SecretString" in p or "GenerateSecretString" in p},
    ),
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Alias": lambda p: (("alias", f"{p['FunctionName']}:{p['Name']}"), {"version": p["FunctionVersion"]}),
    "AWS::Lambda::EventInvokeConfig": _invoke,
    "AWS::Logs::LogGroup": lambda p: (("log group", p["LogGroupName"]), {"days": p["RetentionInDays"], "key": p["KmsKeyId"]}),
    "AWS::SQS::Queue": lambda p: (
        ("queue", p["QueueName"]),
        {"kept_seconds": p["MessageRetentionPeriod"], "encrypted": p["SqsManagedSseEnabled"]},
    ),
    "AWS::IAM::Role": _role,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::Scheduler::ScheduleGroup": lambda p: (("schedule group", p["Name"]), {}),
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::SNS::Topic": lambda p: (("topic", p["TopicName"]), {"title": p["DisplayName"], "key": p["KmsMasterKeyId"]}),
    "AWS::SNS::Subscription": lambda p: (("subscription", p["Endpoint"]), {"topic": p["TopicArn"], "protocol": p["Protocol"]}),
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _composite,
    "AWS::CloudWatch::Dashboard": lambda p: (("dashboard", p["DashboardName"]), json.loads(p["DashboardBody"])),
    "AWS::Logs::QueryDefinition": lambda p: (
        ("saved query", p["Name"]),
        {"groups": p["LogGroupNames"], "query": p["QueryString"].strip()},
    ),
    "AWS::EC2::VPC": lambda p: (
        ("network", _tag(p)),
        {"addresses": p["CidrBlock"], "dns": [p["EnableDnsSupport"], p["EnableDnsHostnames"]]},
    ),
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::VPCGatewayAttachment": lambda p: (("internet gateway", p["InternetGatewayId"]), {"network": p["VpcId"]}),
    "AWS::EC2::EIP": lambda p: (("fixed address", _tag(p)), {"domain": p["Domain"]}),
    "AWS::EC2::NatGateway": lambda p: (("nat gateway", _tag(p)), {"subnet": p["SubnetId"], "address": p["AllocationId"]}),
    "AWS::EC2::RouteTable": lambda p: (("route table", _tag(p)), {"network": p["VpcId"]}),
    "AWS::EC2::Route": _route,
    "AWS::EC2::SubnetRouteTableAssociation": lambda p: (("route of subnet", p["SubnetId"]), {"table": p["RouteTableId"]}),
    "AWS::EC2::VPCEndpoint": lambda p: (
        ("endpoint", p["ServiceName"]),
        {"network": p["VpcId"], "kind": p["VpcEndpointType"], "tables": p["RouteTableIds"]},
    ),
    "AWS::EC2::SecurityGroup": _security_group,
}
