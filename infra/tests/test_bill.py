"""The bill keeps to its goals, and the README's table is what the script computes."""

import re

import bill
from rehearsal import stack


def test_a_country_and_the_stack_keep_to_their_goals():
    assert bill.total("a country") <= 8
    assert bill.total("the stack") <= 3


def test_the_table_in_the_readme_is_the_computed_one():
    assert f"{bill.BEGIN}\n{bill.table()}\n{bill.END}" in bill.README.read_text()


def test_every_alarm_and_secret_is_counted_once():
    shapes = stack({})
    counted = {"alarm": 0, "secret": 0}
    for _, what, _ in bill.lines(shapes):
        if match := re.match(r"(\d+) (alarm|secret)s", what):
            counted[match.group(2)] += int(match.group(1))
    assert counted == {kind: sum(1 for key in shapes if key[0] == kind) for kind in counted}


def test_a_metric_that_is_asked_more_often_costs_more():
    often = {f"{switch}Expression": "cron(0/1 * * * ? *)" for switch in ("ReferralsToPrimero", "DecisionsToPrimero")}
    assert bill.total("a country", stack(often)) > bill.total("a country") + 1
