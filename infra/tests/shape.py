"""One shape for both descriptions: `(kind, name)` → what the resource is, so that they can be compared line by line.

A property that no reader reads stands in the shape under `unread`, in the words of its description, so it is a difference.
"""

import json
from collections.abc import Mapping


class Properties(Mapping):
    """The properties of a resource, which remember what was read of them."""

    def __init__(self, values):
        self._values = {key: _remembering(value) for key, value in values.items()}
        self._read = set()

    def __getitem__(self, key):
        self._read.add(key)
        return self._values[key]

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def unread(self):
        """Path → value of what is set and was not read."""
        found = {}
        for key, value in self._values.items():
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, Properties):
                    found |= {f"{key}.{path}": what for path, what in inner.unread().items()}
                elif key not in self._read and inner not in (None, ""):
                    found[key] = inner
        return found


def _remembering(value):
    if isinstance(value, dict):
        return Properties(value)
    return [_remembering(each) for each in value] if isinstance(value, list) else value


def _plain(value):
    """`value` without the remembering; what is taken over whole, is read."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def shaped(read, values, overlooked):
    """What `read` makes of a resource; `overlooked` says of a path whether it need not be read."""
    properties = Properties(values)
    key, shape = read(properties)
    shape = _plain(shape)
    shape["unread"] = {path: value for path, value in properties.unread().items() if not overlooked(path)}
    return key, shape


def policy(document):
    """A policy's statements, lists sorted, so that only meaning counts."""
    document = json.loads(document) if isinstance(document, str) else document
    if set(document) != {"Version", "Statement"} or document["Version"] != "2012-10-17":
        raise ValueError(f"a policy of another kind: {dict(document)}")
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
