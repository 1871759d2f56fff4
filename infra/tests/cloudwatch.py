"""The rules by which CloudWatch evaluates alarms, as far as the stack uses them.

Source: "Using Amazon CloudWatch alarms" (evaluation, missing data, composite alarms) and "Using metric math" in AWS's user guide.
- Every minute a metric alarm looks at windows that end in that minute. It asks for more of them than it evaluates (`BEYOND`).
- If enough of them have data, the newest of those decide; else what lacks is filled as `TreatMissingData` says.
- `FILL(x, 0)` fills a series that has data anywhere in what was asked for. `SUM` and `MAX` of a list pass over series without data.
- Any change of a state into ALARM is one message to each action; a composite alarm follows the states of others at once.
"""

import re
from bisect import bisect_left

# How many more windows than it evaluates an alarm asks for. AWS's own example has 5 for 3.
BEYOND = 2
MINUTE = 60
OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
COMPARES = {
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
}


class Metrics:
    """What was told: (metric, dimensions) → minutes in order, and the values told in them."""

    def __init__(self):
        self._told = {}

    def tell(self, namespace, name, dimensions, second, value):
        times, values = self._told.setdefault((namespace, name, tuple(sorted(dimensions.items()))), ([], []))
        times.append(second // MINUTE)
        values.append(value)

    def window(self, series, first, last):
        """The statistic over the minutes from `first` to before `last`; none without data."""
        times, values = self._told.get((*series["metric"], tuple(sorted(series["dimensions"].items()))), ([], []))
        values = values[bisect_left(times, first) : bisect_left(times, last)]
        if not values:
            return None
        return {"Sum": sum, "Maximum": max}[series["statistic"]](values)


class MetricAlarm:
    def __init__(self, name, shape):
        self.name, self.shape, self.state = name, shape, INSUFFICIENT
        (self.period,) = {series["period"] for series in shape["series"].values() if "metric" in series}

    def evaluate(self, metrics, minute):
        asked = self.shape["periods"] + BEYOND
        minutes = self.period // MINUTE
        windows = [(minute - (back + 1) * minutes, minute - back * minutes) for back in range(asked)]
        series = {id: [metrics.window(one, *w) for w in windows] for id, one in self.shape["series"].items() if "metric" in one}
        expressions = {id: one for id, one in self.shape["series"].items() if "expression" in one}
        for id, one in expressions.items():
            series[id] = computed(one["expression"], series)
        decisive = [id for id, one in self.shape["series"].items() if one.get("decides", len(self.shape["series"]) == 1)]
        values = series[decisive[0]]
        self.state = self._state([value for value in values if value is not None])
        return self.state

    def _state(self, real):
        """`real`: the values that are there, the newest first."""
        needed, missing = self.shape["periods"], self.shape["missing"]
        breaches = [COMPARES[self.shape["comparison"]](value, self.shape["threshold"]) for value in real[:needed]]
        filled = needed - len(breaches)
        if filled and missing == "breaching":
            breaches += [True] * filled
        elif filled and missing == "notBreaching":
            breaches += [False] * filled
        elif filled:
            raise NotImplementedError(missing)
        return ALARM if all(breaches) else OK


class CompositeAlarm:
    def __init__(self, name, shape):
        self.name, self.shape, self.state = name, shape, INSUFFICIENT

    def evaluate(self, states):
        rule = re.sub(r'ALARM\("([^"]+)"\)', lambda match: str(states[match.group(1)] == ALARM), self.shape["rule"])
        rule = rule.replace("FALSE", "False").replace("AND", "and").replace("OR", "or").replace("NOT", "not")
        if not re.fullmatch(r"(?:True|False|and|or|not|[() ])+", rule):
            raise NotImplementedError(self.shape["rule"])
        self.state = ALARM if eval(rule) else OK
        return self.state


def computed(expression, series):
    """The values of one expression over others."""
    if match := re.fullmatch(r"FILL\((\w+), 0\)", expression):
        values = series[match.group(1)]
        return [0 if value is None else value for value in values] if any(value is not None for value in values) else values
    if match := re.fullmatch(r"(-1 \* )?(SUM|MAX)\(\[([\w, ]+)\]\)", expression):
        sign = -1 if match.group(1) else 1
        rows = zip(*(series[name] for name in match.group(3).split(", ")))
        function = {"SUM": sum, "MAX": max}[match.group(2)]
        return [sign * function(there) if (there := [v for v in row if v is not None]) else None for row in rows]
    raise NotImplementedError(expression)


class Watch:
    """All alarms of a stack and its countries: `shapes` as described."""

    def __init__(self, shapes):
        alarms = {name: shape for (kind, name), shape in shapes.items() if kind == "alarm"}
        self.plain = [MetricAlarm(name, shape) for name, shape in alarms.items() if "rule" not in shape]
        self.composite = [CompositeAlarm(name, shape) for name, shape in alarms.items() if "rule" in shape]
        # (minute, alarm, topic, what it says), in order.
        self.mails = []

    def minute(self, metrics, minute):
        """Evaluates all of them at the end of a minute."""
        for alarm in self.plain:
            self._follow(alarm, minute, lambda alarm=alarm: alarm.evaluate(metrics, minute))
        states = {alarm.name: alarm.state for alarm in self.plain}
        for alarm in self.composite:
            self._follow(alarm, minute, lambda alarm=alarm: alarm.evaluate(states))

    def _follow(self, alarm, minute, evaluate):
        before, after = alarm.state, evaluate()
        actions = {ALARM: alarm.shape["actions"], OK: alarm.shape["ok_actions"]}[after]
        if before != after and alarm.shape["armed"]:
            self.mails += [(minute, alarm.name, topic, after) for topic in actions]
