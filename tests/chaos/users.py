# SPDX-License-Identifier: LGPL-2.1-or-later
"""People who change the configuration through random nodes while all that happens, and remember each answer.

Every change carries a token that no other change has, so that what became of it can be told from the documents:

  append   adds a line to the ledger (the body template of an alert that is attached nowhere), reading it first and
           naming its revision: an append that is acknowledged is in the ledger, once, for ever
  set      renames one of three registers (checks), whatever it was called before: the last one wins
  add      adds a check with a name of its own
  remove   removes a check that was added before
  wrong    a change that no daemon may accept
"""

import random
import threading
import time

from bed import Client, PORT
from records import now

UNKNOWN = ("org.quptime1.Error.UnknownOutcome",)


class User(threading.Thread):
    def __init__(self, bed, seed, number):
        super().__init__(daemon=True)
        self.bed, self.name_of_user = bed, f"u{number}"
        self.random = random.Random(f"user {seed} {number}")
        self.count, self.running, self.added = 0, True, []

    def run(self):
        client = Client()
        while self.running:
            kind = self.random.choices(("append", "set", "add", "remove", "wrong"), (40, 25, 20, 10, 5))[0]
            node = self.random.choice(self.bed.cluster.nodes)
            self.count += 1
            getattr(self, kind)(client, node, f"{self.name_of_user}.{self.count}")
            time.sleep(self.random.uniform(0.05, 0.4))
        client.stop()

    def stop(self):
        self.running = False
        self.join()

    def ask(self, client, node, what, token, member, *words, **more):
        begin = now()
        answer = client.call(node, member, *words)
        result = {"done": "done", "unsent": "refused", "lost": "unknown", "error": "refused"}[answer["result"]]
        if answer.get("error") in UNKNOWN:
            result = "unknown"
        version = next((x for x in reversed(answer.get("reply", [])) if isinstance(x, int)), None)
        self.bed.records.add("client", user=self.name_of_user, what=what, token=token, node=node.letter, begin=begin,
                             end=now(), result=result, version=version, error=answer.get("error"),
                             text=answer.get("text"), **more)
        return result

    def append(self, client, node, token):
        reader = node if self.random.random() < 0.7 else self.random.choice(self.bed.cluster.nodes)
        answer = client.call(reader, "ListAlerts", timeout=2)
        if answer["result"] != "done":
            return
        ledger = next((a for a in answer["reply"][0] if a["name"] == "ledger"), None)
        if ledger:
            self.ask(client, node, "append", token, "EditAlert", "ledger", f"revision={ledger['revision']}",
                     f"body_template={ledger['body_template']}\n{token}", revision=ledger["revision"])

    def set(self, client, node, token):
        register = self.random.randrange(3)
        self.ask(client, node, "set", f"r{register}.{token}", "EditCheck", f"register-{register}",
                 f"name=r{register}.{token}", register=register)

    def add(self, client, node, token):
        name = f"a.{token}"
        result = self.ask(client, node, "add", name, "AddCheck", f"id=id-{name}", f"name={name}", "type=tcp",
                          f"target={PORT}:9", "interval=24h", "timeout=1s")
        if result != "refused":
            self.added.append(name)

    def remove(self, client, node, token):
        if self.added:
            name = self.added.pop(self.random.randrange(len(self.added)))
            if self.ask(client, node, "remove", name, "RemoveCheck", f"id-{name}") == "refused":
                self.added.append(name)

    def wrong(self, client, node, token):
        words = self.random.choice((
            ("AddCheck", f"id=id-w.{token}", f"name=w.{token}", "type=tcp", f"target={PORT}:9", "interval=5ms"),
            ("AddCheck", "id=web", f"name=w.{token}", "type=tcp", f"target={PORT}:9"),
            ("EditCheck", "no-such-check", f"name=w.{token}"),
            ("EditCheck", "register-0", f"name=w.{token}", "revision=1")))
        self.ask(client, node, "wrong", f"w.{token}", *words)
