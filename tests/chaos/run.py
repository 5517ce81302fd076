# SPDX-License-Identifier: LGPL-2.1-or-later
"""One run of tools/chaos, inside a mount namespace of its own: builds a bed, breaks it by the seed's plan, heals it,
waits for peace, and has the checker prove the promises from the records."""

import argparse
import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

import bed as beds  # noqa: E402
import checker  # noqa: E402
import harness  # noqa: E402
import netns  # noqa: E402
import plan as plans  # noqa: E402
from nemesis import Guard, Nemesis  # noqa: E402
from records import Recorder, Records, now  # noqa: E402
from users import User  # noqa: E402

PEACE = 150.0  # seconds until all agree and nothing is owed: a third failed attempt at a mail waits 30 s, a fourth 60
USERS = 3


def peace(bed, client):
    """None when all is well, else what is missing."""
    smallest = bed.cluster.nodes[0].node_id
    seen = []
    for node in bed.cluster.nodes:
        shown = bed.snapshot(client, node)
        if not shown:
            return f"{node.letter} does not answer"
        if shown["master"] != smallest or not shown["quorum"]:
            return f"{node.letter} shows master {shown['master'] or 'none'}"
        seen.append((shown["term"], shown["version"]))
    if len(set(seen)) != 1:
        return f"terms and versions differ: {seen}"
    for node in bed.cluster.nodes:
        alerts = client.call(node, "ListAlerts", timeout=5)
        checks = client.call(node, "ListChecks", timeout=5)
        if "done" not in (alerts["result"], checks["result"]):
            return f"{node.letter} does not answer"
        owed = {a["name"]: a["owed"] for a in alerts["reply"][0] if a["owed"]}
        if owed:
            return f"{node.letter} still owes {owed}"
        for check in checks["reply"][0]:
            wanted = "up" if check["id"] in plans.TARGETS else "down"
            if check["state"] != wanted:
                return f"{node.letter} shows {check['name']} {check['state']}"
    return None


def wait_for_peace(bed, client):
    end, quiet = time.monotonic() + PEACE * harness.PATIENCE, 0
    while True:
        missing = peace(bed, client)
        quiet = quiet + 1 if not missing else 0
        if quiet >= 3:
            return None
        if time.monotonic() > end:
            return missing or "it did not stay"
        time.sleep(0.5)


def record_final(bed, client):
    for node in bed.cluster.nodes:
        shown = bed.snapshot(client, node, timeout=5)
        alerts, checks = (client.call(node, member, timeout=5) for member in ("ListAlerts", "ListChecks"))
        bed.records.add("final", **(shown or {"node": node.letter}),
                        alerts=alerts.get("reply", [[]])[0], checks=checks.get("reply", [[]])[0])


def play(bed, seed, steps, seconds, say):
    """Faults for so many seconds, then peace; what was missing from it."""
    nemesis = Nemesis(bed, seed, say)
    guard = Guard(bed, nemesis)
    users = [User(bed, seed, i) for i in range(USERS)]
    bed.look()
    begin = now()
    for thread in (guard, *users):
        thread.start()
    try:
        nemesis.carry_out(steps)
        time.sleep(max(0.0, begin + seconds - now()))
    finally:
        for user in users:
            user.stop()
        nemesis.heal()
    say(f"{now() - begin:6.2f}  all is healed")
    client = beds.Client()
    missing = wait_for_peace(bed, client)
    say(f"{now() - begin:6.2f}  " + (f"no peace: {missing}" if missing else "peace: all agree, A leads, nothing is owed"))
    record_final(bed, client)
    client.stop()
    guard.stop()
    bed.stop_looking()
    return missing


def one(seed, nodes, seconds, base, directory, say):
    recorder = Recorder(directory)
    steps = plans.make(seed, nodes, seconds)
    recorder.save("plan.json", steps)
    bed = beds.Bed(nodes, base, recorder)
    run = {"patience": harness.PATIENCE, "seed": seed, "nodes": nodes, "seconds": seconds, "begin": now(), "missing": "the bed did not come up",
           "complaints": []}
    try:
        bed.up()
        run.update(ids={n.node_id: n.letter for n in bed.cluster.nodes}, faults=now(),
                   joined=bed.joined, version=bed.version, letters=bed.letters,
                   addresses={n.letter: n.address for n in bed.cluster.nodes}, recipients=list(beds.RECIPIENTS))
        run["missing"] = play(bed, seed, steps, seconds, say)
        run["complaints"] = bed.down()
        bed.kept_documents()
        run["end"] = now()
    finally:
        bed.close()
        recorder.save("run.json", run)
        recorder.close()
    return checker.check(Records.load(directory))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--keep", required=True)
    options = parser.parse_args()

    netns.run("mount", "-t", "tmpfs", "tmpfs", "/run")
    directory = pathlib.Path(options.keep)
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "play.txt", "w", encoding="utf-8") as script:
        def say(line):
            print(line, flush=True)
            script.write(line + "\n")
        try:
            verdict = one(options.seed, options.nodes, options.seconds, options.base, directory, say)
        except Exception:  # pylint: disable=broad-except
            say(traceback.format_exc())
            say("FAILED  the run itself broke")
            sys.exit(2)
        for line in verdict.report():
            say(line)
    sys.exit(1 if verdict.broken else 0)


if __name__ == "__main__":
    main()
