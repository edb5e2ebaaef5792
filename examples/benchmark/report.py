# SPDX-License-Identifier: Apache-2.0
"""Writes medians, ranges and marks between the marker lines of a document.

    report.py FIGURES.jsonl DOCUMENT.md COMMIT
"""
import datetime
import json
import os
import platform
import statistics
import sys

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
PEERS = {"floor": "C floor", "jetstream": "JetStream", "sitestacker": "sitestacker"}
ROWS = [
    ("event.last3.p50", "publish to the last of 3, p50", "µs"),
    ("event.last3.p99", "publish to the last of 3, p99", "µs"),
    ("event.oneway.p50", "publish to one of 3, each counted, p50", "µs"),
    ("event.cpu", "of it: processor time of all four, an event", "µs"),
    ("event.latency.lost", "lost of 3 x 1,500", "events"),
    ("event.throughput.all3", "200-byte events to all 3", "events/s"),
    ("event.throughput.lost", "lost at full speed", "events"),
    ("event.throughput.refused", "refused at full speed", "events"),
    ("rtt.p50", "request and reply, p50", "µs"),
    ("rtt.p99", "request and reply, p99", "µs"),
    ("overload.publish_rate", "one frozen: accepted, 1 KiB", "events/s"),
    ("overload.healthy_rate", "one frozen: to both healthy ones", "events/s"),
    ("overload.healthy.p50", "one frozen: publish to the last healthy one, p50", "µs"),
    ("absent.publish_rate", "without the frozen one: accepted, 1 KiB", "events/s"),
    ("absent.healthy_rate", "without it: to the same two", "events/s"),
    ("absent.healthy.p50", "without it: publish to the last of these two, p50", "µs"),
    ("absent.lost.healthy_subs", "without it: lost by these two", "events"),
    ("overload.lost.healthy_subs", "one frozen: lost by healthy ones", "events"),
    ("overload.lost.frozen_sub", "one frozen: lost by it, once awake", "events"),
    ("overload.memory.origin", "one frozen: memory of the origin", "MiB RssAnon"),
    ("overload.memory.subscriber", "one frozen: most of a subscriber", "MiB RssAnon"),
    ("paced.last3.p50", "publish to the last of 3, after a pause, p50", "µs"),
    ("clear.one.empty.p50", "one PHP-FPM cleared, empty, p50", "µs"),
    ("clear.one.primed.p50", "one PHP-FPM cleared, filled, p50", "µs"),
    ("proof.one.empty.p50", "of it proved, empty, p50", "µs"),
    ("cleared.empty.p50", "publish to cleared in 3 PHP-FPM, empty, p50", "µs"),
    ("cleared.empty.p99", "publish to cleared in 3 PHP-FPM, empty, p99", "µs"),
    ("cleared.primed.p50", "publish to cleared in 3 PHP-FPM, filled, p50", "µs"),
    ("proved.empty.p50", "publish to proved in 3 PHP-FPM, empty, p50", "µs"),
    ("proved.primed.p50", "publish to proved in 3 PHP-FPM, filled, p50", "µs"),
    ("order.empty.last3.p50", "the same in C: 3 processes, 3 PHP-FPM, no log, no proof, empty, p50", "µs"),
    ("order.primed.last3.p50", "the same in C, filled, p50", "µs"),
    ("clear.all3.empty.p50", "3 PHP-FPM cleared side by side, empty, p50", "µs"),
    ("clear.begin.empty.p50", "of it: publish until a node begins, p50", "µs"),
    ("clear.work.empty.p50", "of it: a node's clear, p50", "µs"),
    ("status.3.p50", "status of 3, asked again at once, p50", "µs"),
    ("status.3.p99", "status of 3, asked again at once, p99", "µs"),
    ("status.3.later.p50", "status of 3, after a pause, p50", "µs"),
    ("status.10.p50", "status of 10, asked again at once, p50", "µs"),
    ("status.10.p99", "status of 10, asked again at once, p99", "µs"),
    ("status.10.later.p50", "status of 10, after a pause, p50", "µs"),
]
# What has no program of its own: the floor of an invalidation is an event's way to the last of
# three, and then a clear.
SUMS = {
    ("cleared.empty.p50", "floor"): ("paced.last3.p50", "clear.one.empty.p50"),
    ("cleared.primed.p50", "floor"): ("paced.last3.p50", "clear.one.primed.p50"),
}


def load(path):
    """Returns {(what, peer): {round: value}}."""
    figures = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            key = (one["what"], one["peer"])
            figures.setdefault(key, {})[one["round"]] = one["value"]
    for (what, peer), parts in SUMS.items():
        found = [figures.get((part, peer), {}) for part in parts]
        for each in set.intersection(*map(set, found)):
            figures.setdefault((what, peer), {})[each] = sum(part[each] for part in found)
    return figures


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"


def cell(values, rounds):
    """The median and the range; how many rounds where it is not all of them."""
    if not values:
        return ""
    low, high = min(values.values()), max(values.values())
    text = number(statistics.median(values.values()))
    if low != high:
        text += f" ({number(low)} to {number(high)})"
    return text if len(values) == rounds else f"{text}, of {len(values)}"


def ratio(figures, what, ours, other, beside=None):
    """The median over the rounds of ours / other within one round; None without both.

    Where the other's figure has another name, that is `beside`.
    """
    mine, theirs = figures.get((what, ours), {}), figures.get((beside or what, other), {})
    ratios = [mine[r] / theirs[r] for r in mine if theirs.get(r)]
    return statistics.median(ratios) if ratios else None


def marks(figures):
    latency = ratio(figures, "event.last3.p50", "sitestacker", "floor")
    speed = ratio(figures, "event.throughput.all3", "sitestacker", "jetstream")

    def worst(what):
        values = figures.get((what, "sitestacker"), {}).values()
        return max(values) if values else None

    yield "latency p50 to the last of 3: at most 2 x the floor", latency, \
        latency is not None and latency <= 2, "x"
    yield "events/s: at least 2 x JetStream", speed, speed is not None and speed >= 2, "x"
    for state in ("empty", "primed"):
        name = {"empty": "empty", "primed": "filled"}[state]
        cleared = ratio(figures, f"cleared.{state}.p50", "sitestacker", "floor")
        yield f"cleared in 3 PHP-FPM, {name}: at most 1.5 x the sum, goal 1.3", cleared, \
            cleared is not None and cleared <= 1.5, "x"
        same = ratio(
            figures, f"cleared.{state}.p50", "sitestacker", "floor", f"order.{state}.last3.p50")
        same_mark = same is not None and same <= 1.5 if state == "empty" else None
        yield f"cleared in 3 PHP-FPM, {name}: beside the same in C" + (
            ", at most 1.5 x" if state == "empty" else ""), same, same_mark, "x"
    mine = figures.get(("overload.healthy_rate", "sitestacker"), {})
    theirs = figures.get(("absent.healthy_rate", "sitestacker"), {})
    shares = [mine[r] / theirs[r] for r in mine if theirs.get(r)]
    share = statistics.median(shares) if shares else None
    yield "one frozen: events/s to the healthy ones, at least 0.9 x those without it", share, \
        share is not None and share >= 0.9, "x"
    for what, text in [
        ("event.throughput.lost", "none lost at full speed"),
        ("overload.lost.healthy_subs", "one frozen: none lost by the healthy ones"),
        ("overload.lost.frozen_sub", "one frozen: none lost by it once it wakes"),
    ]:
        lost = worst(what)
        yield text, lost, lost == 0, " events"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    with open("/proc/loadavg", encoding="utf-8") as line:
        load_average = line.read().split()[0]
    kernel = platform.release().split("-")[0]
    return (f"{len(names)} x {names[0] if names else platform.machine()}, Linux {kernel}, "
            f"state on {os.environ.get('TMPDIR', '/dev/shm')}, load average {load_average} at the end")


def block(figures, commit):
    rounds = max(len(values) for values in figures.values())
    today = datetime.datetime.now(datetime.timezone.utc).date()
    lines = [
        BEGIN,
        f"Measured {today} at {commit}: {rounds} rounds, medians (lowest to highest round); where a "
        "program failed in a round, the number of those that count.",
        f"Machine: {machine()}.",
        "",
        "| What | " + " | ".join(PEERS.values()) + " |",
        "| --- " * (1 + len(PEERS)) + "|",
    ]
    for what, text, unit in ROWS:
        cells = [cell(figures.get((what, peer)), rounds) for peer in PEERS]
        if any(cells):
            lines.append(f"| {text}, {unit} | " + " | ".join(cells) + " |")
    lines += ["", "| Mark | Measured | Met |", "| --- | --- | --- |"]
    for text, value, is_met, unit in marks(figures):
        shown = "no figure" if value is None else f"{value:.2f}{unit}" if unit == "x" \
            else f"{value:.0f}{unit}"
        word = {True: "yes", False: "no", None: "no mark"}[is_met]
        lines.append(f"| {text} | {shown} | {word} |")
    return "\n".join(lines + [END])


def main():
    figures = load(sys.argv[1])
    path, commit = sys.argv[2:4]
    with open(path, encoding="utf-8") as document:
        text = document.read()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    written = block(figures, commit)
    with open(path, "w", encoding="utf-8") as document:
        document.write(before + written + after)
    print(written)


if __name__ == "__main__":
    main()
