"""What the stack and a country cost a month, from the description itself: counted resources, and runs by the schedules.

    infra/bill              prints the table
    infra/bill --write      and puts it into infra/README.md
"""

import sys
from pathlib import Path

from rehearsal import COUNTRY, DAY, NAME, WORKFLOWS, stack, ticks

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- infra/bill -->\n", "<!-- end of infra/bill -->\n"
DAYS, HOURS = 30.4, 730

# List prices of eu-west-1, in US dollars, without the free quantities of an account (10 alarms, 10 metrics, 3 dashboards, 400,000 GB-s …).
PRICE = {
    "key": 1.00,
    "secret": 0.40,
    "secret call": 0.05 / 10_000,
    "key call": 0.03 / 10_000,
    "metric": 0.30,
    "alarm on a metric": 0.10,
    "composite alarm": 0.50,
    "dashboard": 3.00,
    "GB-second": 0.0000133334,
    "invocation": 0.20 / 1e6,
    "schedule": 1.00 / 1e6,
    "unit written": 0.705 / 1e6,
    "unit read": 0.141 / 1e6,
    "GB of log": 0.57,
    "trace": 5.00 / 1e6,
}

# An ordinary month. Figures of a run: a quiet one, which most are.
RUN_SECONDS = 2
RUN_LOG_BYTES = 4_000
RUN_UNITS_WRITTEN = 6
RUN_UNITS_READ = 8
SECRETS_A_RUN = 3
# DynamoDB asks for its key every five minutes at most, for each role.
TABLE_KEY_CALLS = 12 * HOURS
# Hours in which a metric that is told only where it is not 0 is told: two workflows have something held all month.
HOURS_TOLD = {"OldestHeldSeconds": 2 * HOURS, "OldestUnsentSeconds": 150, "HeldNew": 60, "UnknownCode": 10}
RECORDS = 1_000
RECORD_UNITS = 12


def lines(shapes=None):
    """(part, what, dollars), of `the stack` and of `a country`."""
    shapes = shapes or stack({})
    memory = {shape["memory_mb"] / 1024 for (kind, _), shape in shapes.items() if kind == "function"}
    (gigabytes,) = memory
    runs = {w: len(list(ticks(shapes["schedule", f"{NAME}/{COUNTRY}-{w}"]["expression"], DAY))) * DAYS for w in WORKFLOWS}
    every = sum(runs.values())
    country = _of_country(shapes)
    yield "the stack", "key of its own, in its first year", PRICE["key"] * _count(shapes, "key")
    yield from _alarms("the stack", {key: shape for key, shape in shapes.items() if key not in country})
    yield "a country", f"{_count(country, 'secret')} secrets", PRICE["secret"] * _count(country, "secret")
    yield "a country", f"metric `RunCompleted`, {len(WORKFLOWS)} workflows", PRICE["metric"] * len(WORKFLOWS)
    told = sum(HOURS_TOLD.values()) / HOURS
    yield "a country", f"metrics told only where they are not 0 ({told:.1f} of {4 * len(WORKFLOWS)} all month)", PRICE["metric"] * told
    yield from _alarms("a country", country)
    yield "a country", f"functions: {every:,.0f} runs of {RUN_SECONDS} s", every * (
        RUN_SECONDS * gigabytes * PRICE["GB-second"] + PRICE["invocation"] + PRICE["schedule"]
    )
    yield "a country", "secrets read, one call a run, and their key", every * (PRICE["secret call"] + SECRETS_A_RUN * PRICE["key call"])
    units = every * (RUN_UNITS_WRITTEN * PRICE["unit written"] + RUN_UNITS_READ * PRICE["unit read"])
    units += RECORDS * RECORD_UNITS * PRICE["unit written"] + TABLE_KEY_CALLS * len(WORKFLOWS) * PRICE["key call"]
    yield "a country", f"table: runs and {RECORDS:,} records, and its key", units
    yield "a country", "logs", every * RUN_LOG_BYTES / 1e9 * PRICE["GB of log"]
    yield "a country", "traces", every * PRICE["trace"]


def dashboards(shapes=None):
    """Free are the first three of an account."""
    return PRICE["dashboard"] * _count(shapes or stack({}), "dashboard")


def _of_country(shapes):
    own = {"secret", "schedule", "dashboard"}
    return {(kind, name): shape for (kind, name), shape in shapes.items() if kind in own or name.startswith(f"{NAME}-{COUNTRY}-")}


def _count(shapes, kind):
    return sum(1 for key in shapes if key[0] == kind)


def _alarms(part, shapes):
    alarms = [shape for (kind, _), shape in shapes.items() if kind == "alarm"]
    series = sum(1 for alarm in alarms for one in alarm.get("series", {}).values() if "metric" in one)
    composite = sum(1 for alarm in alarms if "rule" in alarm)
    yield part, f"{len(alarms)} alarms, on {series} metrics", series * PRICE["alarm on a metric"] + composite * PRICE["composite alarm"]


def total(part, shapes=None):
    return sum(dollars for whose, _, dollars in lines(shapes) if whose == part)


def table(shapes=None):
    text = "| | what | US$ a month |\n|---|---|---|\n"
    for part in ("the stack", "a country"):
        text += "".join(f"| {part} | {what} | {dollars:.2f} |\n" for whose, what, dollars in lines(shapes) if whose == part)
        text += f"| **{part}** | **together** | **{total(part, shapes):.2f}** |\n"
    text += f"| a country | its dashboard, beyond the third of an account | {dashboards(shapes):.2f} |\n"
    return text


def main():
    print(table())
    if "--write" in sys.argv:
        before, _, rest = README.read_text().partition(BEGIN)
        _, end, after = rest.partition(END)
        if not end:
            sys.exit(f"{README.name} has no lines {BEGIN.strip()} and {END.strip()} to write between")
        README.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}")


if __name__ == "__main__":
    main()
