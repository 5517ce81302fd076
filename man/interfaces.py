#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the manual org.quptime1(5) from the interfaces' XML: the comment before a member is its text.

    interfaces.py VERSION XML…

A comment begins with its member's name and a colon; the first one of a file is about its objects. An empty line in a
comment begins a paragraph. A member without a text ends this with exit code 1.
"""

import os
import re
import sys
import xml.dom.minidom

CHANGED_SIGNAL = "org.freedesktop.DBus.Property.EmitsChangedSignal"
ANNOUNCED = {"true": "announced", "const": "constant", "false": "not announced"}


class Undocumented(Exception):
    pass


class Member:
    def __init__(self, element, text):
        self.kind, self.name, self.text = element.tagName, element.getAttribute("name"), text
        self.arguments = [[arg.getAttribute(key) for key in ("direction", "type", "name")]
                          for arg in element.getElementsByTagName("arg")]
        self.type = element.getAttribute("type")
        self.annotations = {one.getAttribute("name"): one.getAttribute("value")
                            for one in element.getElementsByTagName("annotation")}

    def list(self, direction):
        return ", ".join(f"{kind} {name}" for to, kind, name in self.arguments if to == direction)

    def signature(self):
        if self.kind == "property":
            return f"{self.type}, {ANNOUNCED[self.annotations.get(CHANGED_SIGNAL, 'true')]}"
        if self.kind == "signal":
            return f"({self.list('')})"
        answer = self.list("out")
        return f"({self.list('in')})" + (f" -> ({answer})" if answer else "")


class Interface:
    def __init__(self, path):
        element = xml.dom.minidom.parse(path).getElementsByTagName("interface")[0]
        self.name = element.getAttribute("name")
        # the last comment before the nodes: the first is the licence
        self.text = [node.data for node in element.parentNode.parentNode.childNodes
                     if node.nodeType == node.COMMENT_NODE and "SPDX" not in node.data][-1]
        self.members, comment = [], None
        for node in element.childNodes:
            if node.nodeType == node.COMMENT_NODE:
                comment = node.data
            elif node.nodeType == node.ELEMENT_NODE:
                self.members.append(Member(node, self.text_of(node.getAttribute("name"), comment, path)))
                comment = None

    @staticmethod
    def text_of(name, comment, path):
        found = re.fullmatch(rf"\s*{re.escape(name)}:\s+(\S.*?)\s*", comment or "", re.DOTALL)
        if not found:
            raise Undocumented(f"{os.path.basename(path)}: {name} has no text: a comment before it that begins "
                               f"with \"{name}: \"")
        return found.group(1)


# ---- roff ----

def escape(text):
    return text.replace("\\", "\\e").replace("-", "\\-")


def lines(text):
    """A text's words as roff takes them: no line begins with a dot or a quote."""
    out = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        words = " ".join(paragraph.split())
        # a sentence a line: roff ends it with its own space
        out.append([re.sub(r"^[.']", r"\\&\g<0>", one) for one in re.split(r"(?<=[a-z)][.:;]) ", escape(words))])
    return "\n.PP\n".join("\n".join(paragraph) for paragraph in out)


def section(interface):
    yield f".SH {interface.name.upper()}"
    yield lines(interface.text)
    for kind, title in (("method", "Methods"), ("signal", "Signals"), ("property", "Properties")):
        members = [member for member in interface.members if member.kind == kind]
        if members:
            yield f".SS {title}"
        for member in members:
            yield f".TP\n.BR {member.name} \" {escape(member.signature())}\""
            yield lines(member.text)


def page(version, interfaces):
    yield ".\\\" SPDX-License-Identifier: LGPL-2.1-or-later"
    yield ".\\\" Made from dbus/*.xml by man/interfaces.py; edit those."
    yield f".TH ORG.QUPTIME1 5 \"\" \"quptime {version}\" \"File formats and protocols\"\n.nh\n.ad l"
    yield ".SH NAME\norg.quptime1 \\- the D\\-Bus interfaces of the uptime monitor"
    yield ".SH SYNOPSIS\n.nf"
    for path, names in (("", "org.quptime1.Manager, org.freedesktop.DBus.ObjectManager"),
                        ("/check/ID", "org.quptime1.Check"), ("/alert/ID", "org.quptime1.Alert"),
                        ("/peer/ID", "org.quptime1.Peer")):
        yield f"/org/quptime1{path}: {names}"
    yield "/org/freedesktop/LogControl1: org.freedesktop.LogControl1\n.fi"
    yield ".SH DESCRIPTION"
    yield lines("Whatever quctl shows or does is one of these calls; busctl and gdbus can make them, too. After the "
                "name of a method stand its arguments and its answer, each with its D-Bus type; after that of a "
                "property its type, and whether it never changes, or a change is announced by PropertiesChanged.")
    for interface in interfaces:
        yield from section(interface)
    yield ".SH EXAMPLE\n.nf"
    yield escape("busctl call org.quptime1 /org/quptime1 org.quptime1.Manager \\\n"
                 "        AddCheck 'a{sv}' 3 name s homepage type s http target s https://example.org/")
    yield ".fi"
    yield ".SH SEE ALSO\n.BR busctl (1),\n.BR gdbus (1),\n.BR quctl (1),\n.BR org.freedesktop.LogControl1 (5),"
    yield ".BR quptime\\-journal (7),\n.BR quptimed (8)"


def main():
    try:
        print("\n".join(page(sys.argv[1], [Interface(path) for path in sys.argv[2:]])))
    except Undocumented as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
