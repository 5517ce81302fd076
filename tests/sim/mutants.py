#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes one rule of the register away at a time and counts the seeds that notice.

    mutants.py SOURCE_DIR WORK_DIR [FIRST..LAST] [NAME…]

Each mutant is a copy of the sources with one text replaced. A mutant that no seed catches means either a rule that
is not needed or a fault that the simulator does not play."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

MUTANTS = {
    # name: (file below src/cluster, what stands there, what stands there instead)
    "vote without looking at the value": (
        "register-election.c", "if (stamp_compare(candidate, r->memory.accepted.at) < 0)", "if (false)"),
    "two votes in a term": (
        "register-election.c", "(!*r->memory.vote || strcmp(r->memory.vote, from) == 0)", "true"),
    "no silence after a ping": (
        "register-election.c", "return r->now < r->silent_until &&", "return false && r->now < r->silent_until &&"),
    "no silence in the first E of a process": (
        "register-election.c",
        "if (r->now - r->started < value_election_timeout(r, r->disk.accepted.value)) return true;", ""),
    "handing over lifts every silence": (
        "register-election.c", "request->handover != r->silent_term", "false"),
    "no new term for a sole voter": (
        "register-election.c", "r->memory.term++;", "r->memory.term += value_n_voters(r->memory.accepted.value) > 1;"),
    "lease counted from the answer": (
        "register-lease.c", "peering->echo = pong->sent;", "peering->echo = r->now;"),
    "lease of a whole E and a half": (
        "register-lease.c", "election * 3 / 4", "election * 3 / 2"),
    "lease with the leader's own E": (
        "register-lease.c",
        "MIN(peering->echo_election, value_election_timeout(r, r->memory.accepted.value))",
        "value_election_timeout(r, r->memory.accepted.value)"),
    "lease of E as the leader told it": (
        "register-lease.c",
        "MIN(clamp_election(r, ping->election_timeout), value_election_timeout(r, r->disk.accepted.value))",
        "clamp_election(r, ping->election_timeout)"),
    "acts before its own stamp is committed": (
        "register-lease.c", "|| r->shown.at.term != r->memory.term", ""),
    "acts on after handing over": (
        "register-members.c", "election_step_down(r); /* for good in this term: only then it is said */", ""),
    "no step down without a majority": (
        "register-lease.c",
        "if (r->now >= usec_add(lease_quorum_at(r), value_election_timeout(r, r->memory.accepted.value)))",
        "if (false)"),
    "commits what an earlier term stamped": (
        "register-offer.c",
        "Stamp at = { r->memory.term, r->memory.accepted.at.seq + 1 };",
        "Stamp at = { r->lead_since == r->now && r->memory.accepted.at.seq ? r->memory.accepted.at.term : "
        "r->memory.term, r->memory.accepted.at.seq + 1 };"),
    "acknowledges before the disk has it": (
        "register-lease.c", ".durable_term = r->disk.accepted.at.term, .durable_seq = r->disk.accepted.at.seq,",
        ".durable_term = r->memory.accepted.at.term, .durable_seq = r->memory.accepted.at.seq,"),
    "votes before the disk has it": (
        "register-disk.c", "if (dirty) hold(r, effect, number);", "if (false) hold(r, effect, number);"),
    "commits on half of the voters": (
        "register-offer.c", "return n * 2 > value_n_voters(value);", "return n * 2 >= value_n_voters(value);"),
    "wins with half of the votes": (
        "register-election.c", "return n * 2 > value_n_voters(value);", "return n * 2 >= value_n_voters(value);"),
    "shows what is only accepted": (
        "register-offer.c", "if (!stamp_equal(r->known_committed, r->disk.accepted.at) ||", "if ("),
    "a failed write leaves memory as it was": (
        "register-disk.c", "hard_copy(&r->memory, &r->disk);\n        g_clear_pointer",
        "hard_copy(&r->disk, &r->memory);\n        g_clear_pointer"),
    "a failed write leaves the lead": (
        "register-disk.c", "static void write_failed(Register *r) { election_step_down(r);",
        "static void write_failed(Register *r) {"),
    "the write after a failed one is a delta": (
        "register-disk.c", "r->write_whole = true;", "r->write_whole = false;"),
    "two writes under way": (
        "register-disk.c", "bool flying = r->flight_write.number > 0;", "bool flying = false;"),
    "no memory of changes": (
        "change.c", "if (remembered) {", "if (false) {"),
    "two voters at a time": (
        "register-batch.c", "if (!same_voters(*value, next) && !same_voters(r->memory.accepted.value, *value))",
        "if (false)"),
    "changes voters before its own stamp is committed": (
        "register-offer.c",
        "r->shown.at.term == r->memory.term && stamp_equal(r->shown.at, r->memory.accepted.at);",
        "r->disk.accepted.at.seq > 0;"),
    "plans without a lease": (
        "register-batch.c", "|| !register_acts(r, r->now)", ""),
    "the leader removes itself": (
        "register-batch.c", "value_voter_rank(next, r->node_id) < 0", "false"),
    "a delta fits anything": (
        "register-offer.c",
        "bool fits = base_at.seq == 0 || stamp_equal(base_at, r->memory.accepted.at);", "bool fits = true;"),
    "hands over to whoever is there": (
        "register-members.c", "!is_current(r, node_id) || !said || !said->hears_majority ||", "!peering ||"),
    "no settling before the lead": (
        "register-members.c", "liveness_unbroken(&r->liveness, r->now, node_id) >= r->timing.settle", "true"),
    "no pre-vote": (
        "register-election.c", "stand(r, handover == 0);", "stand(r, false);"),
    "no answer is repeated": (
        "register-request.c", "|| r->now >= request->again_at)", ")"),
    "a withdrawn change stays queued": (
        "register-request.c", "batch_withdraw(r, request->change->id);", ""),
    "takes what a lower term offers": (
        "register-offer.c", "if (offer->term < r->memory.term) {", "if (false) {"),
    "newest wins, whoever stamped it": (
        "register-offer.c", "if (stamp_compare(at, r->memory.accepted.at) > 0) {", "if (true) {"),
}


def pattern(text):
    return r"\s*".join(re.escape(word) for word in re.findall(r"\w+|[^\w\s]", text))


def mutate(source, work, name):
    file, old, new = MUTANTS[name]
    path = work / "src/cluster" / file
    text = (source / "src/cluster" / file).read_text()
    mutated, count = re.subn(pattern(old), lambda match: new, text)
    if count == 0:
        raise SystemExit(f"{name}: its text no longer stands in {file}")
    path.write_text(mutated)
    return path


def main():
    source, work = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    seeds = sys.argv[3] if len(sys.argv) > 3 else "1..500"
    names = sys.argv[4:] or list(MUTANTS)
    for part in ("src", "tests/sim"):
        shutil.copytree(source / part, work / part, dirs_exist_ok=True)
        shutil.copytree(source / part, work / "as-it-was" / part, dirs_exist_ok=True)
    source = work / "as-it-was"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "glib-2.0", "json-glib-1.0", "yaml-0.1"],
                           capture_output=True, text=True, check=True).stdout.split()
    cc = ["cc", "-O1", "-w", "-std=gnu17", "-D_GNU_SOURCE", f"-I{work}/src"]
    rooms = [work / "src" / room for room in ("base", "model", "config", "wire", "cluster")]
    sources = [p for folder in [*rooms, work / "tests/sim"] for p in sorted(folder.glob("*.c"))]
    objects = {p: work / "objects" / f"{p.parent.name}-{p.stem}.o" for p in sources}
    (work / "objects").mkdir(exist_ok=True)

    def build(path):
        subprocess.run([*cc, "-c", "-o", objects[path], path, *flags], check=True)

    for path in sources:
        build(path)
    for name in names:
        path = mutate(source, work, name)
        build(path)
        subprocess.run([*cc, "-o", work / "mutant", *objects.values(), *flags, "-lm"], check=True)
        run = subprocess.run([work / "mutant", "--seeds", seeds], capture_output=True, text=True)
        failed = re.findall(r"^seed (\d+): FAILED: (?:at [\d.]+ s: )?(.*)", run.stdout, re.M)
        first = f"; first seed {failed[0][0]}: {failed[0][1]}" if failed else ""
        print(f"{name}: {len(failed)}{first}", flush=True)
        shutil.copy(source / "src/cluster" / path.name, path)
        build(path)


if __name__ == "__main__":
    main()
