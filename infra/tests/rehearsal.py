"""Plays days of a deployed country against its alarms: which mails go out, and when.

    infra/rehearse          prints every play and its mails
"""

import itertools
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path

from cloudformation import ACCOUNT
from cloudwatch import MINUTE, Metrics, Watch
from from_sam import described, texts

logging.getLogger("samtranslator").setLevel(logging.ERROR)

ROOT = Path(__file__).resolve().parents[2]
NAME, COUNTRY = "referral-bridge", "gambella"
WORKFLOWS = ("referrals-to-primero", "decisions-to-progres", "referrals-to-progres", "decisions-to-primero")
SWITCHES = ("ReferralsToPrimero", "DecisionsToProgres", "ReferralsToProgres", "DecisionsToPrimero")
HOUR, DAY = 60, 24 * 60
# Alarms are watched for half a day before anything happens.
BEFORE = 12 * HOUR


@dataclass
class Play:
    """What happens, in minutes after `BEFORE`."""

    title: str
    minutes: int
    # Workflow → (from, to) → what becomes of its runs: `failed` (told as such), `silent` (nothing begins), `stopped` (concurrency 0),
    # `undeliverable` (failed, and the queue does not take it).
    trouble: dict = field(default_factory=dict)
    # Minute → records newly held then.
    held: dict = field(default_factory=dict)
    # Whether a record waits from the beginning of the trouble on.
    waiting: bool = False
    settings: dict = field(default_factory=dict)


def everywhere(first, last, kind):
    return {workflow: (first, last, kind) for workflow in WORKFLOWS}


PLAYS = [
    Play("two ordinary days", 2 * DAY, held={600: 2, 2000: 3}),
    Play("one failed run of each workflow", DAY, trouble=everywhere(0, 5, "failed")),
    Play("PING is gone for half an hour", DAY, trouble=everywhere(0, 30, "failed")),
    Play("PING is gone for three days", 4 * DAY, trouble=everywhere(0, 3 * DAY, "failed"), waiting=True),
    Play("2.1 stops completing", DAY, trouble={"referrals-to-progres": (0, DAY, "failed")}),
    Play("1.2 begins no run any more", DAY, trouble={"decisions-to-progres": (0, DAY, "silent")}),
    Play(
        "a daily run is missed",
        2 * DAY,
        trouble={"referrals-to-primero": (1, 2 * DAY, "silent")},
        settings={"ReferralsToPrimeroExpression": "cron(0 0 * * ? *)", "ReferralsToPrimeroSilentHours": "26"},
    ),
    Play("all four are stopped by hand for a day", 2 * DAY, trouble=everywhere(0, DAY, "stopped")),
    Play("1.1 is stopped by hand, then 2.1 stops completing", DAY, trouble={
        "referrals-to-primero": (0, DAY, "stopped"),
        "referrals-to-progres": (6 * HOUR, DAY, "failed"),
    }),
    Play("the queue takes no failed run", DAY, trouble={"referrals-to-primero": (0, 10, "undeliverable")}),
    Play("forty records are held at once", DAY, held={100: 40}),
]


def ticks(expression, minutes):
    """The minutes at which a schedule fires; of cron, what the defaults and the plays use."""
    match = re.fullmatch(r"cron\((?:(\d+)/(\d+)|(\d+)) (\*|\d+) \* \* \? \*\)", expression)
    if not match:
        raise NotImplementedError(expression)
    first, every, only, hour = match.groups()
    for minute in range(minutes):
        if hour != "*" and (minute // HOUR) % 24 != int(hour):
            continue
        within = minute % HOUR
        if within == int(only) if only else within >= int(first) and (within - int(first)) % int(every) == 0:
            yield minute


def stack(settings):
    switched_on = {f"{switch}Enabled": "true" for switch in SWITCHES}
    return described(texts(), {}, {COUNTRY: {**switched_on, **settings}})


def played(play):
    """The mails of a play: (minutes after the beginning, alarm, what it says)."""
    shapes = stack(play.settings)
    metrics, watch = Metrics(), Watch(shapes)
    runs = {}
    for workflow in WORKFLOWS:
        schedule = shapes["schedule", f"{NAME}/{COUNTRY}-{workflow}"]
        for minute in ticks(schedule["expression"], BEFORE + play.minutes):
            runs.setdefault(minute, []).append(workflow)
    for minute in range(BEFORE + play.minutes):
        for workflow in runs.get(minute, ()):
            _run(play, workflow, minute, metrics)
        for records in [play.held[at] for at in play.held if at + BEFORE == minute]:
            _tell(metrics, "HeldNew", WORKFLOWS[0], minute, records)
        # Half an hour of data first: an alarm that is made before its schedule's first run says so.
        if minute >= HOUR:
            watch.minute(metrics, minute + 1)
    return [(minute - BEFORE, alarm, says) for minute, alarm, _, says in watch.mails]


def _run(play, workflow, minute, metrics):
    function = {"FunctionName": f"{NAME}-{workflow}"}
    queue = {"QueueName": f"{NAME}-failed-runs"}
    second = minute * MINUTE

    def lambda_tells(name, value):
        metrics.tell("AWS/Lambda", name, function, second, value)

    first, last, kind = play.trouble.get(workflow, (0, 0, ""))
    if not first <= minute - BEFORE < last:
        lambda_tells("Errors", 0)
        _tell(metrics, "RunCompleted", workflow, minute, 1)
    elif kind == "failed":
        lambda_tells("Errors", 1)
        metrics.tell("AWS/SQS", "NumberOfMessagesSent", queue, second, 1)
        _tell(metrics, "RunCompleted", workflow, minute, 0)
        if play.waiting:
            _tell(metrics, "OldestUnsentSeconds", workflow, minute, (minute - BEFORE - first) * MINUTE)
    elif kind == "stopped":
        # AWS sends the event to the queue at once; no function begins.
        lambda_tells("Throttles", 1)
        metrics.tell("AWS/SQS", "NumberOfMessagesSent", queue, second, 1)
    elif kind == "undeliverable":
        lambda_tells("Errors", 1)
        lambda_tells("DestinationDeliveryFailures", 1)
        _tell(metrics, "RunCompleted", workflow, minute, 0)


def _tell(metrics, name, workflow, minute, value):
    metrics.tell("ReferralBridge", name, {"deployment": COUNTRY, "workflow": workflow}, minute * MINUTE, value)


def in_one_minute(shapes=None):
    """How many runs of a country meet in one minute at most."""
    shapes = shapes or stack({})
    expressions = [shapes["schedule", f"{NAME}/{COUNTRY}-{workflow}"]["expression"] for workflow in WORKFLOWS]
    fired = sorted(itertools.chain.from_iterable(ticks(expression, DAY) for expression in expressions))
    return max(len(list(same)) for _, same in itertools.groupby(fired))


def told_by_the_code():
    """The metrics that the functions tell."""
    code = (ROOT / "shared" / "src" / "function" / "metrics.rs").read_text().partition("#[cfg(test)]")[0]
    return set(re.findall(r'"([A-Z][A-Za-z]+)"', code)) - {"ReferralBridge"}


def asked_by_alarms(shapes):
    """The metrics of ours that an alarm looks at."""
    alarms = [shape for (kind, _), shape in shapes.items() if kind == "alarm" and "series" in shape]
    series = [one for alarm in alarms for one in alarm["series"].values() if "metric" in one]
    return {one["metric"][1] for one in series if one["metric"][0] == "ReferralBridge"}


def clock(minutes):
    days, rest = divmod(minutes, DAY)
    return f"day {days}, {rest // HOUR:02}:{rest % HOUR:02}"


def main():
    print(f"account {ACCOUNT}, country {COUNTRY}; at most {in_one_minute()} runs meet in one minute")
    for play in PLAYS:
        mails = played(play)
        print(f"\n{play.title}: {len(mails)} mail{'' if len(mails) == 1 else 's'}")
        for minute, alarm, says in mails:
            print(f"    {clock(minute)}  {alarm} {says}")


if __name__ == "__main__":
    main()
