"""What the alarms send, played by CloudWatch's rules; and that planted faults would show."""

import pytest

import rehearsal
from conftest import sam_shapes
from cloudwatch import ALARM, OK, CompositeAlarm, MetricAlarm, Metrics, computed
from plants import planted
from from_sam import texts
from rehearsal import DAY, HOUR, PLAYS, Play, everywhere, played

BY_TITLE = {play.title: play for play in PLAYS}
COUNTRY_ALARM = "referral-bridge-gambella-not-running"


def mails(title):
    return played(BY_TITLE[title])


@pytest.mark.parametrize(
    "title", ["two ordinary days", "one failed run of each workflow", "PING is gone for half an hour"]
)
def test_no_mail_for(title):
    assert mails(title) == []


def test_three_days_without_ping_are_at_most_three_mails():
    sent = mails("PING is gone for three days")
    assert 1 <= len(sent) <= 3
    assert {alarm for _, alarm, _ in sent} == {
        "referral-bridge-failed-run",
        COUNTRY_ALARM,
        "referral-bridge-gambella-oldest-unsent",
    }
    assert all(says == ALARM for _, _, says in sent)


@pytest.mark.parametrize("title", ["2.1 stops completing", "1.2 begins no run any more"])
def test_a_workflow_that_stops_working_is_told_within_two_hours(title):
    minute, alarm = {alarm: minute for minute, alarm, _ in mails(title)}, COUNTRY_ALARM
    assert 0 < minute[alarm] <= 2 * HOUR


def test_a_missed_daily_run_is_told_within_its_26_hours():
    # The last one was twelve hours before the play begins, as is what is watched.
    ((minute, alarm, _),) = mails("a daily run is missed")
    assert alarm == COUNTRY_ALARM and minute <= 14 * HOUR


def test_stopping_by_hand_is_told_once():
    assert [alarm for _, alarm, _ in mails("all four are stopped by hand for a day")] == ["referral-bridge-failed-runs-queue"]


def test_what_was_stopped_by_hand_hides_nothing_else():
    sent = mails("1.1 is stopped by hand, then 2.1 stops completing")
    assert COUNTRY_ALARM in {alarm for minute, alarm, _ in sent if minute > 6 * HOUR}


def test_a_failed_run_that_the_queue_does_not_take_is_told():
    assert [alarm for _, alarm, _ in mails("the queue takes no failed run")] == ["referral-bridge-failed-deliveries"]


def test_many_newly_held_records_are_told_and_few_are_not():
    assert [alarm for _, alarm, _ in mails("forty records are held at once")] == ["referral-bridge-gambella-newly-held"]
    assert played(Play("a few", 3 * HOUR, held={10: 9})) == []


def test_the_schedules_never_meet_all_at_once():
    assert rehearsal.in_one_minute() == 2


@pytest.mark.parametrize("variant", ["defaults", "everything"])
def test_no_alarm_says_when_it_is_over(variant):
    alarms = {name: shape for (kind, name), shape in sam_shapes(variant).items() if kind == "alarm"}
    assert len(alarms) > 10
    assert not [name for name, shape in alarms.items() if shape["ok_actions"]]


@pytest.mark.parametrize("variant", ["defaults", "everything"])
def test_an_alarm_that_sends_nothing_is_asked_by_one_that_does(variant):
    """Switched-off schedules aside: while nothing is asked for, nothing is missed."""
    alarms = {name: shape for (kind, name), shape in sam_shapes(variant).items() if kind == "alarm"}
    rules = " ".join(shape["rule"] for shape in alarms.values() if "rule" in shape)
    silent = {name for name, shape in alarms.items() if not shape["actions"]}
    assert silent == {name for name in silent if name.endswith(("-no-completed-run", "-throttled"))}
    assert [name for name in silent if name.endswith("-no-completed-run") and f'"{name}"' not in rules] == []


def test_every_metric_that_the_code_tells_has_an_alarm():
    told = rehearsal.told_by_the_code()
    assert {"RunCompleted", "HeldNew"} <= told
    asked = rehearsal.asked_by_alarms(sam_shapes("everything"))
    assert told == asked


def test_a_metric_without_an_alarm_is_found():
    changed = planted(texts(), "deployment.yaml", "MetricName: HeldNew", "MetricName: Held")
    asked = rehearsal.asked_by_alarms(sam_shapes("everything", changed))
    assert rehearsal.told_by_the_code() - asked == {"HeldNew"}


PLANTS = [
    # A second mail at the end of each; four mails instead of one; an alarm that rings at one failure; silence that counts as well.
    ("deployment.yaml", "      AlarmActions: ", "      OKActions: [x]\n      AlarmActions: ", 4),
    ("deployment.yaml", "      TreatMissingData: breaching\n", "      TreatMissingData: breaching\n      AlarmActions: [x]\n", 7),
]


@pytest.mark.parametrize(("file", "old", "new", "count"), PLANTS, ids=["an OK mail", "a mail a workflow"])
def test_a_planted_noise_is_heard(file, old, new, count, monkeypatch):
    changed = planted(texts(), file, old, new)
    monkeypatch.setattr(rehearsal, "texts", lambda: changed)
    sent = played(Play("PING is gone for three days", 4 * DAY, trouble=everywhere(0, 3 * DAY, "failed"), waiting=True))
    assert len(sent) >= count


@pytest.mark.parametrize(
    ("minutes", "missing", "state"),
    [
        ([0, 1, 2], "notBreaching", ALARM),
        ([0, 2], "notBreaching", OK),
        ([0, 2], "breaching", ALARM),
        # Five are asked for, three are needed, and the three that are there decide.
        ([0, 2, 4], "notBreaching", ALARM),
        ([5, 6], "breaching", ALARM),
        ([5, 6], "notBreaching", OK),
    ],
)
def test_missing_data_are_filled_as_awss_guide_shows(minutes, missing, state):
    series = {"metric": ["n", "m"], "dimensions": {}, "statistic": "Sum", "period": 60}
    shape = {
        "series": {"told": series}, "periods": 3, "comparison": "GreaterThanOrEqualToThreshold", "threshold": 1, "missing": missing
    }
    metrics = Metrics()
    for minute in sorted(100 - back for back in minutes):
        metrics.tell("n", "m", {}, minute * 60, 1)
    assert MetricAlarm("a", shape).evaluate(metrics, 101) == state


def test_a_composite_follows_its_rule():
    rule = 'FALSE OR (ALARM("a") AND NOT ALARM("b"))'
    alarm = CompositeAlarm("c", {"rule": rule})
    assert alarm.evaluate({"a": ALARM, "b": OK}) == ALARM
    assert alarm.evaluate({"a": ALARM, "b": ALARM}) == OK
    with pytest.raises(NotImplementedError):
        CompositeAlarm("c", {"rule": 'INSUFFICIENT_DATA("a")'}).evaluate({})


def test_expressions_pass_over_what_has_no_data():
    assert computed("SUM([a, b])", {"a": [1, None, None], "b": [None, None, 2]}) == [1, None, 2]
    assert computed("FILL(a, 0)", {"a": [None, 3]}) == [0, 3]
    assert computed("FILL(a, 0)", {"a": [None, None]}) == [None, None]
    with pytest.raises(NotImplementedError):
        computed("ANOMALY_DETECTION_BAND(a)", {"a": [1]})
