"""What a function asks of the state table, recorded between the two, and whether its policy allows it: no stand-in checks IAM."""

import json
import re
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What a part of a transaction needs.
OF_TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
PASSED_ON = ("Content-Type", "X-Amz-Target", "Authorization", "X-Amz-Date", "X-Amz-Security-Token")


@contextmanager
def between(state, asked):
    """The address of a table that is the one at `state`; what is asked of it is added to the set `asked`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.update(needs(self.headers["X-Amz-Target"].split(".")[-1], json.loads(body)))
            headers = {name: self.headers[name] for name in PASSED_ON if self.headers[name]}
            try:
                with urllib.request.urlopen(urllib.request.Request(state, body, headers), timeout=60) as answer:
                    status, answered, kind = answer.status, answer.read(), answer.headers["Content-Type"]
            except urllib.error.HTTPError as refused:
                status, answered, kind = refused.code, refused.read(), refused.headers["Content-Type"]
            self.send_response(status)
            self.send_header("Content-Type", kind or "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answered)))
            self.end_headers()
            self.wfile.write(answered)

        def log_message(self, *_):
            """Tests speak for themselves."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=30)


def needs(operation, asked):
    """(action, index, partition) of a request; a partition that cannot be read is an error."""
    if operation == "TransactWriteItems":
        for part in asked["TransactItems"]:
            ((kind, what),) = part.items()
            yield OF_TRANSACTION[kind], None, _partition(what.get("Key") or what["Item"])
    elif operation == "BatchGetItem":
        for of_table in asked["RequestItems"].values():
            for key in of_table["Keys"]:
                yield operation, None, _partition(key)
    elif operation == "Query":
        yield operation, asked.get("IndexName"), _queried(asked)
    else:
        # A scan has neither, and is an error here as it is refused there.
        yield operation, None, _partition(asked.get("Key") or asked["Item"])


def _partition(item):
    return item["pk"]["S"]


def _queried(asked):
    names = asked.get("ExpressionAttributeNames", {})
    for name, value in re.findall(r"(#?\w+)\s*=\s*(:\w+)", asked["KeyConditionExpression"]):
        if names.get(name, name) == "pk":
            return asked["ExpressionAttributeValues"][value]["S"]
    raise ValueError("a query that names no partition")


def refused(asked, statements, table):
    """Of what was asked, what no statement allows."""
    return sorted(
        f"{action} on {index or 'table'}, {partition}"
        for action, index, partition in asked
        if not any(_allows(statement, action, f"{table}/index/{index}" if index else table, partition) for statement in statements)
    )


def _allows(statement, action, resource, partition):
    patterns = statement["Condition"].get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", [])
    return (
        statement["Effect"] == "Allow"
        and f"dynamodb:{action}" in statement["Action"]
        and resource in statement["Resource"]
        and any(fnmatchcase(partition, pattern) for pattern in patterns)
    )
