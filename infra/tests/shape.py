"""One shape for both descriptions: `(kind, name)` → what matters of the resource, so that they can be compared line by line."""

import json


def policy(document):
    """A policy's statements, lists sorted, so that only meaning counts."""
    document = json.loads(document) if isinstance(document, str) else document
    statements = []
    for statement in document["Statement"]:
        statement = dict(statement)
        for key in ("Action", "Resource"):
            if key in statement:
                value = statement[key]
                statement[key] = sorted(value if isinstance(value, list) else [value])
        statement["Condition"] = {
            operator: {key: sorted(value) if isinstance(value, list) else [value] for key, value in tests.items()}
            for operator, tests in statement.get("Condition", {}).items()
        }
        statements.append(statement)
    return sorted(statements, key=lambda statement: statement.get("Sid", ""))


def flat(value, path=""):
    """Every leaf with its path."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield from flat(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        yield f"{path}.length", len(value)
        for index, each in enumerate(value):
            yield from flat(each, f"{path}[{index}]")
    else:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        yield path, float(value) if number else value


def differences(left, right, left_name="SAM", right_name="Terraform"):
    """Every difference between two descriptions, one line each."""
    found = []
    for key in sorted(left.keys() | right.keys()):
        name = " ".join(key)
        if key not in left or key not in right:
            found.append(f"{name}: only in {left_name if key in left else right_name}")
            continue
        ours, theirs = dict(flat(left[key])), dict(flat(right[key]))
        for path in sorted(ours.keys() | theirs.keys()):
            if ours.get(path) != theirs.get(path):
                found.append(f"{name}: {path} is {ours.get(path)!r} in {left_name}, {theirs.get(path)!r} in {right_name}")
    return found
