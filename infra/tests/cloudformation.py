"""Reads the SAM description as CloudFormation would: translated, every intrinsic function answered.

What AWS would only know after a deployment (the id of a key, of a subnet) becomes a token such as `<key>`.
"""

import copy
import functools
import ipaddress
import json
import re

from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

REGION, ACCOUNT, PARTITION = "eu-west-1", "123456789012", "aws"
PSEUDO = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": PARTITION, "AWS::StackName": "stack"}
ABSENT = object()


def arn(service, resource, region=REGION):
    return f"arn:{PARTITION}:{service}:{region}:{ACCOUNT}:{resource}"


class _NoManagedPolicies(ManagedPolicyLoader):
    """No AWS-managed policy is used, so none has to be looked up."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {}


@functools.cache
def translated(text):
    """The template after its transforms: plain CloudFormation."""
    template = yaml_parse(text)
    transforms = template.pop("Transform", [])
    transforms = transforms if isinstance(transforms, list) else [transforms]
    if other := set(transforms) - {"AWS::Serverless-2016-10-31"}:
        # Every SAM CLI before this check was written ended in a traceback at a loop of AWS::LanguageExtensions.
        raise ValueError(f"a transform that SAM's tools do not take: {', '.join(sorted(other))}")
    if transforms:
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                # As `sam package` leaves it once the zip is uploaded.
                name = resource["Properties"]["CodeUri"].split("/")[-2]
                resource["Properties"]["CodeUri"] = f"s3://packages/{name}.zip"
        template["Transform"] = "AWS::Serverless-2016-10-31"
        template = transform(template, {}, _NoManagedPolicies())
    return json.loads(json.dumps(template))


class Stack:
    """A template with parameters, resolved. `imports` are the exports of other stacks."""

    def __init__(self, template, parameters, imports=None):
        self.template = copy.deepcopy(template)
        self.imports = imports or {}
        declared = self.template.get("Parameters", {})
        unknown = set(parameters) - set(declared)
        if unknown:
            raise ValueError(f"the template has no parameter {', '.join(sorted(unknown))}")
        self.parameters = {
            name: _typed(about["Type"], parameters.get(name, about.get("Default"))) for name, about in declared.items()
        }
        missing = [name for name, value in self.parameters.items() if value is None]
        if missing:
            raise ValueError(f"parameters without a value: {', '.join(missing)}")
        for name, about in declared.items():
            if "AllowedPattern" in about and not re.search(about["AllowedPattern"], self.parameters[name]):
                raise ValueError(f"{name} does not match its AllowedPattern")
        self.names = {}

    def resources(self):
        """Logical id → (type, properties), of the resources whose condition holds."""
        kept = {
            name: resource
            for name, resource in self.template["Resources"].items()
            if self._condition(resource.get("Condition"))
        }
        return {name: (resource["Type"], self.value(resource.get("Properties", {}))) for name, resource in kept.items()}

    def exports(self):
        outputs = self.template.get("Outputs", {}).values()
        return {
            self.value(output["Export"]["Name"]): self.value(output["Value"])
            for output in outputs
            if "Export" in output and self._condition(output.get("Condition"))
        }

    def _condition(self, name):
        return name is None or self._truth(self.template["Conditions"][name])

    def _truth(self, expression):
        ((function, argument),) = expression.items()
        if function == "Fn::Equals":
            left, right = (self.value(side) for side in argument)
            return left == right
        if function == "Fn::Not":
            return not self._truth(argument[0])
        if function == "Fn::Or":
            return any(self._truth(each) for each in argument)
        if function == "Condition":
            return self._condition(argument)
        raise NotImplementedError(function)

    def value(self, node):
        if isinstance(node, list):
            return [each for each in map(self.value, node) if each is not ABSENT]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            if function == "Ref":
                return self._ref(argument)
            if function.startswith("Fn::"):
                return getattr(self, "_fn_" + function[4:].lower())(argument)
        return {key: value for key, value in ((k, self.value(v)) for k, v in node.items()) if value is not ABSENT}

    def _ref(self, name):
        if name == "AWS::NoValue":
            return ABSENT
        if name in PSEUDO:
            return PSEUDO[name]
        return self.parameters[name] if name in self.parameters else self._attribute(name, "Ref")

    def _attribute(self, name, attribute):
        """What a resource is called once it exists."""
        resource = self.template["Resources"][name]
        kind, properties = resource["Type"], resource.get("Properties", {})

        def named(key):
            return self.value(properties[key])

        match kind, attribute:
            case "AWS::KMS::Key", "Ref":
                return "<key id>"
            case "AWS::KMS::Key", "Arn":
                return "<key>"
            case "AWS::DynamoDB::Table", _:
                return named("TableName") if attribute == "Ref" else arn("dynamodb", f"table/{named('TableName')}")
            case "AWS::Lambda::Function", _:
                return named("FunctionName") if attribute == "Ref" else arn("lambda", f"function:{named('FunctionName')}")
            case "AWS::Lambda::Version", "Version":
                return "<version>"
            case "AWS::Lambda::Alias", "Ref":
                return arn("lambda", f"function:{named('FunctionName')}:{named('Name')}")
            case "AWS::CloudWatch::Alarm", "Ref":
                return named("AlarmName")
            case "AWS::IAM::Role", _:
                return named("RoleName") if attribute == "Ref" else arn("iam", f"role/{named('RoleName')}", "")
            case "AWS::IAM::ManagedPolicy", "Ref":
                return arn("iam", f"policy/{named('ManagedPolicyName')}", "")
            case "AWS::SQS::Queue", _:
                return arn("sqs", named("QueueName")) if attribute == "Arn" else named("QueueName")
            case "AWS::SNS::Topic", "Ref":
                return arn("sns", named("TopicName"))
            case "AWS::Logs::LogGroup", "Ref":
                return named("LogGroupName")
            case "AWS::Scheduler::ScheduleGroup", _:
                return named("Name") if attribute == "Ref" else arn("scheduler", f"schedule-group/{named('Name')}")
            case _ if kind.startswith("AWS::EC2::"):
                tags = {tag["Key"]: self.value(tag["Value"]) for tag in properties.get("Tags", [])}
                return f"<{kind.split('::')[2].lower()} {tags.get('Name', '')}>"
        raise NotImplementedError(f"{attribute} of {kind}")

    def _fn_getatt(self, argument):
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._attribute(name, attribute)

    def _fn_sub(self, argument):
        text, own = (argument, {}) if isinstance(argument, str) else argument
        own = {name: self.value(value) for name, value in own.items()}

        def answer(match):
            name = match.group(1)
            if name in own:
                return str(own[name])
            return str(self._attribute(*name.split(".", 1)) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^!}][^}]*)\}", answer, text)

    def _fn_if(self, argument):
        condition, yes, no = argument
        return self.value(yes if self._condition(condition) else no)

    def _fn_findinmap(self, argument):
        name, first, second = (self.value(each) for each in argument)
        return self.template["Mappings"][name][str(first)][str(second)]

    def _fn_importvalue(self, argument):
        return self.imports[self.value(argument)]

    def _fn_join(self, argument):
        between, parts = argument
        return between.join(str(part) for part in self.value(parts))

    def _fn_select(self, argument):
        index, values = argument
        return self.value(values)[int(index)]

    def _fn_getazs(self, _):
        return [f"{REGION}{zone}" for zone in "abc"]

    def _fn_cidr(self, argument):
        block, count, bits = (self.value(each) for each in argument)
        networks = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
        return [str(network) for network, _ in zip(networks, range(int(count)))]


def _typed(kind, value):
    if kind == "CommaDelimitedList" and value is not None:
        return value.split(",") if value else []
    if kind == "Number" and value is not None:
        return float(value) if "." in str(value) else int(value)
    return value
