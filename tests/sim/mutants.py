#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes one rule of the pure rooms away at a time and looks for seeds that notice.

    mutants.py SOURCE_DIR WORK_DIR [FIRST..LAST] [NAME…]
    mutants.py --check SOURCE_DIR    only whether every mutant's text still stands where it is to be replaced

Each mutant is a copy of the sources with one text replaced. A mutant that no seed catches means either a rule that
is not needed or a fault that the simulator does not play."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOMS = ("base", "model", "config", "wire", "cluster", "schedule", "verdict", "template", "alerts")

MUTANTS = {
    # name: (file, below src/cluster where no room is named, what stands there, what stands there instead)
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
    # verdict
    "flips after one round": (
        "verdict/round.c", "n_agreed >= ROUNDS_NEEDED", "n_agreed >= 1"),
    "majority of whoever spoke": (
        "verdict/ballot.c", "majority_of(tally->n)", "majority_of(MAX(tally->ok + tally->not_ok, 1))"),
    "half of the voters is a majority": (
        "verdict/ballot.c", "return n_voters / 2 + 1;", "return (n_voters + 1) / 2;"),
    "abstention counts as failure": (
        "verdict/ballot.c", "case OBSERVATION_ABSTAINED: tally->abstained++;", "case OBSERVATION_ABSTAINED: tally->not_ok++;"),
    "any answer counts for the open round": (
        "verdict/verdict.c", "observation->round == watched->round)", "true)"),
    "rounds of the last lead count": (
        "verdict/round.c", "return (verdict->term & UINT64_C(0x7fffffff)) << 32 |", "return UINT64_C(1) << 32 |"),
    "a check's edit keeps its votes": (
        "verdict/verdict.c", "ballot_clear(&watched->ballot);", ""),
    "a stale vote is fresh": (
        "verdict/watched.c", "return vote_instant(now_usec, MAX(span, verdict->timing.stale_min));", "return 0;"),
    "nobody suspects": (
        "verdict/round.c", "return n > 0 || watched->forced;", "return watched->forced;"),
    "a transition that failed is never judged again": (
        "verdict/verdict.c", "if (watched && watched->phase == WATCHED_PROPOSED)", "if (false)"),
    # alerts: transitions
    "no RECOVERED": (
        "alerts/alerts.c", "else if (transition->from == CHECK_DOWN)", "else if (false)"),
    "RECOVERED only where DOWN was delivered": (
        "alerts/alerts.c", "!recipient_may_know(told)", "(told->state != DELIVERY_DELIVERED && !told->in_doubt)"),
    "RECOVERED only where DOWN is owed": (
        "alerts/alerts.c", "!recipient_may_know(told)", "(told->state != DELIVERY_OWED && !told->in_doubt)"),
    "RECOVERED dropped after a failover": (
        "alerts/alerts.c", "if (!notice_is_current_down(down, outage))",
        "if (!notice_is_current_down(down, outage) || outage->decided_term != transition->term)"),
    "RECOVERED to everyone": (
        "alerts/alerts.c", "if (!told || !recipient_may_know(told))", "if (false)"),
    "RECOVERED where DOWN was refused for certain": (
        "alerts/alerts.c", "if (!told || !recipient_may_know(told))", "if (!told)"),
    "a refusal is believed, whatever came before": (
        "alerts/outcome.c", "else if (casts_doubt(notice, outcome)) recipient->in_doubt = true;", ""),
    "what a dead master began is forgotten": (
        "alerts/outcome.c", "|| outcome->term != notice->transition->term;", ";"),
    "what was broken off cannot have arrived": (
        "alerts/outcome.c", "|| outcome->result == ATTEMPT_BROKEN_OFF", ""),
    "a delivered DOWN is forgotten at once": (
        "alerts/notices.c", "if (!owed && !is_of_use)", "if (!owed)"),
    "DOWN to the default alerts alone": (
        "alerts/alerts.c", "owe_to_effective(value, delta, transition, NOTICE_DOWN);",
        "if (value_object(value, RECORD_CHECK, transition->check->id) && transition->number % 4) "
        "owe_to_effective(value, delta, transition, NOTICE_DOWN);"),
    "a removed check takes its notices along": (
        "alerts/alerts.c", "restore_owed(before, after, delta, check->id);", ""),
    "no word when a check that is down is removed": (
        "alerts/alerts.c", "owe_to_whom_down_went(before, after, delta, status, transition, NOTICE_UNWATCHED);", ""),
    "a change of any alert drops what is owed": (
        "alerts/alerts.c", "recipient->state != DELIVERY_OWED || alert_has_recipient(alert, recipient->address)",
        "recipient->state != DELIVERY_OWED"),
    "whoever is not wanted any more was never told": (
        "alerts/alerts.c", "if (recipient->in_doubt && notice_is_current_down(notice, status)) {", "if (false) {"),
    "a transition nobody asked about": (
        "alerts/alerts.c", "transition->from == (status ? status->state : CHECK_UNKNOWN)", "true"),
    # alerts: deliveries
    "an owed notice leaves before its outcome is known": (
        "alerts/outcome.c", "case ATTEMPT_RETRY: case ATTEMPT_UNKNOWN: plan_retry(notice, recipient, outcome, realtime_usec);",
        "case ATTEMPT_RETRY: case ATTEMPT_UNKNOWN: recipient->state = DELIVERY_DELIVERED;"),
    "a busy relay is a refusal": (
        "alerts/outcome.c", "case ATTEMPT_RETRY: case ATTEMPT_UNKNOWN: plan_retry(notice, recipient, outcome, realtime_usec);",
        "case ATTEMPT_RETRY: case ATTEMPT_UNKNOWN: recipient->state = DELIVERY_REFUSED;"),
    "given up at once": (
        "alerts/retry.c", "if (attempts < G_N_ELEMENTS(plan))", "if (attempts > 2) return true; if (attempts < G_N_ELEMENTS(plan))"),
    "an outcome is not committed by who is master no longer": (
        "alerts/ledger.c", "if (outcome == CHANGE_DONE)", "if (true)"),
    "a recipient is tried again before its outcome is committed": (
        "alerts/outbox.c", "item->phase = ITEM_SETTLING;", "item->phase = ITEM_WAITING;"),
    "later notices do not wait for earlier ones": (
        "alerts/outbox.c", "is_first_in_lane(outbox, i))", "true)"),
    "the outbox starts what it likes, master or not": (
        "alerts/outbox.c", "while (outbox->is_master && outbox->running->len", "while (outbox->running->len"),
    "a repeat has other bytes": (
        "alerts/texts.c", "char *text_body(const Notice *notice) {",
        "char *text_body(const Notice *notice) { if (((Recipient *) g_ptr_array_index(notice->recipients, 0))->attempts) "
        "return g_strdup(\"again\");"),
    # the court
    "one conflict costs all their decisions": (
        "alerts/court.c", "if (outcome == CHANGE_CONFLICT && n > 1)", "if (false)"),
    "decides without a lease": (
        "alerts/court.c", "if (now->is_master) commit_decided(court, now);", "if (true) commit_decided(court, now);"),
    "anyone may have us probe": (
        "alerts/court.c", "if (strcmp(from, now->leader) == 0) asked(court, round, now);", "asked(court, round, now);"),
    "another revision is probed all the same": (
        "alerts/court.c", "check && check->revision == round->revision", "check"),
    "who learns late who leads gets no views": (
        "alerts/court.c", "if (observe->greets) follower_get(court, from)->told = 0;", ""),
    "a new leader is not told what we saw": (
        "alerts/court.c", "own = verdict_own_observations(court->verdict, now->now_usec);",
        "own = g_ptr_array_new();"),
    "observations do not travel": (
        "alerts/court.c", "send_observations(court, court->batch, /* greets= */ false, now);", ""),
    "the views of yesterday's master are shown": (
        "alerts/court.c", "verdict_forget_views(court->verdict, now->now_usec);", ""),
    # records
    "a notice is put without its text": (
        "plan-records.c", "return have_texts(plan);", "return true;"),
    "records are put whatever stood there": (
        "plan-records.c", "if (!is_expected(value_find(plan->value, (RecordKind) kind, id), op->expect))", "if (false)"),
    # hand edits
    "an edit goes over what the cluster changed meanwhile": (
        "editing.c", "change->base_version = version;",
        "change->base_version = version; if (editing->tries) change->base_version = 0;"),
    "a bad edit is proposed": (
        "config/handedit.c", "if (document_validate(judge->edited, &complaint) < 0)", "if (false)"),
    "half a file is an edit": (
        "config/handedit.c", "if (!judge->input->in_place || has_end_mark(judge->input->text, judge->input->size))", "if (true)"),
    # schedule
    "nobody probes by itself": (
        "schedule/schedule.c", "slot_after(schedule, entry, earliest);\n        entry->due", 
        "slot_after(schedule, entry, earliest) + USEC_PER_HOUR;\n        entry->due"),
}


def pattern(text):
    return r"\s*".join(re.escape(word) for word in re.findall(r"\w+|[^\w\s]", text))


def folder_of(file):
    return "" if "/" in file else "cluster/"


def mutated_text(source, name):
    file, old, new = MUTANTS[name]
    text = (source / "src" / (folder_of(file) + file)).read_text()
    mutated, count = re.subn(pattern(old), lambda match: new, text)
    if count == 0:
        raise SystemExit(f"{name}: its text no longer stands in {file}")
    return folder_of(file) + file, mutated


def check(source):
    for name in MUTANTS:
        mutated_text(source, name)
    print(f"{len(MUTANTS)} mutants, each finds its place")


def main():
    if sys.argv[1] == "--check":
        check(Path(sys.argv[2]))
        return
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
    rooms = [work / "src" / room for room in ROOMS]
    sources = [p for folder in [*rooms, work / "tests/sim"] for p in sorted(folder.glob("*.c"))
               if not p.name.startswith("truth")]
    objects = {p: work / "objects" / f"{p.parent.name}-{p.stem}.o" for p in sources}
    (work / "objects").mkdir(exist_ok=True)

    def build(path):
        subprocess.run([*cc, "-c", "-o", objects[path], path, *flags], check=True)

    for path in sources:
        build(path)
    for name in names:
        file, text = mutated_text(source, name)
        path = work / "src" / file
        path.write_text(text)
        build(path)
        subprocess.run([*cc, "-o", work / "mutant", *objects.values(), *flags, "-lm"], check=True)
        run = subprocess.run([work / "mutant", "--seeds", seeds, "--enough", "1"], capture_output=True, text=True)
        failed = re.findall(r"^seed (\d+): FAILED: (?:at [\d.]+ s: )?(.*)", run.stdout, re.M)
        first = min(failed, key=lambda found: int(found[0])) if failed else None
        print(f"{name}: seed {first[0]}: {first[1]}" if first else f"{name}: NOT NOTICED", flush=True)
        shutil.copy(source / "src" / file, path)
        build(path)


if __name__ == "__main__":
    main()
