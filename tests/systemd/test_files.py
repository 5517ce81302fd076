# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `DESTDIR=… meson install` installs, looked at as files: no root, no systemd."""

import configparser
import contextlib
import os
import pathlib
import re
import stat
import subprocess
import tempfile
import xml.etree.ElementTree

import bed
from bed import harness

NAMES = (bed.ROOT / "src" / "base" / "names.h").read_text()


def name(macro):
    return re.search(rf'#define {macro} "?([^"\n]+)"?', NAMES).group(1)


@contextlib.contextmanager
def installed():
    with tempfile.TemporaryDirectory(prefix="quptime-destdir-") as place:
        bed.install(pathlib.Path(place), plain=True)
        yield pathlib.Path(place)


def only(place, pattern):
    found = list(place.glob(pattern))
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


def unit(path):
    """Section -> list of (key, value); a key may stand more than once."""
    sections, section = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            section.append(tuple(line.split("=", 1)))
    return sections


def test_every_file_has_its_place():
    with installed() as place:
        files = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
        for pattern in (
            r".*/bin/quptimed", r".*/bin/quctl", r".*/man1/quctl\.1", r".*/man8/quptimed\.8", r".*/man8/quptime\.service\.8",
            r".*/man7/quptime-journal\.7", r".*/man5/org\.quptime1\.5",
            # polkitd looks nowhere else, whatever the prefix is
            r"usr/share/polkit-1/actions/org\.quptime1\.policy",
            r".*lib/systemd/system/quptime\.service", r".*lib/systemd/system/quptime\.socket",
            r".*lib/systemd/system/quptime-control\.socket",
            r".*lib/systemd/user/quptime\.service", r".*lib/systemd/user/quptime\.socket",
            r".*lib/systemd/user/quptime-control\.socket",
            r".*lib/sysusers\.d/quptime\.conf", r".*lib/tmpfiles\.d/quptime\.conf", r".*lib/sysctl\.d/50-quptime\.conf",
            r".*lib/systemd/catalog/quptime\.catalog",
            r".*share/dbus-1/system\.d/org\.quptime1\.conf", r".*share/dbus-1/system-services/org\.quptime1\.service",
            r".*share/bash-completion/completions/quctl", r".*share/zsh/(vendor-completions|site-functions)/_quctl",
            r".*share/fish/vendor_completions\.d/quctl\.fish",
            r".*share/dbus-1/services/org\.quptime1\.service", r".*share/dbus-1/interfaces/org\.quptime1\.Manager\.xml",
        ):
            assert any(re.fullmatch(pattern, file) for file in files), f"{pattern} is not among {sorted(files)}"
        assert not [file for file in files if file.startswith("etc/")], "/etc is the administrator's"
        for path in place.rglob("*"):
            assert path.is_symlink() or not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH), path
    # where systemd and the bus themselves say that they look
    for variable, package, file in (("systemdsystemunitdir", "systemd", "quptime.service"),
                                    ("sysusersdir", "systemd", "quptime.conf"),
                                    ("system_bus_services_dir", "dbus-1", "org.quptime1.service")):
        done = subprocess.run(["pkg-config", f"--variable={variable}", package], capture_output=True, text=True)
        if done.returncode == 0:
            assert os.path.join(done.stdout.strip().lstrip("/"), file) in files, done.stdout


def test_the_applet_is_part_of_a_desktop():
    with installed() as place:
        if not list(place.glob("**/bin/quptime-applet")):
            return "quptime-applet is not built: no GTK 4 here"
        app = name("APPLET_ID")
        entry = unit(only(place, f"**/share/applications/{app}.desktop"))
        assert dict(entry["Desktop Entry"])["Exec"] == "quptime-applet", entry
        assert dict(entry["Desktop Entry"])["Icon"] == app, entry
        only(place, f"**/share/icons/hicolor/scalable/apps/{app}.svg")
        only(place, "**/man1/quptime-applet.1")
        service = dict(unit(only(place, f"**/dbus-1/services/{app}.service"))["D-BUS Service"])
        assert service["Name"] == app, service
        program = service["Exec"].split()[0]
        assert (place / program.lstrip("/")).is_file(), program
        info = xml.etree.ElementTree.parse(only(place, f"**/share/metainfo/{app}.metainfo.xml")).getroot()
        assert info.findtext("id") == app and info.findtext("launchable") == f"{app}.desktop", info
        only(place, f"**/bin/{info.findtext('provides/binary')}")
    return None


def test_units_agree_with_the_daemon():
    with installed() as place:
        for scope in ("system", "user"):
            service = unit(only(place, f"**/systemd/{scope}/quptime.service"))["Service"]
            values = dict(service)
            program = pathlib.Path(values["ExecStart"].split()[0])
            assert os.access(place / program.relative_to("/"), os.X_OK), program
            assert values["BusName"] == name("BUS_NAME")
            assert values["LimitCORE"] == "0"
            # else the private socket is gone after the first restart
            assert values["RuntimeDirectoryPreserve"] == "yes"
            # systemd 252 would put it into ~/.config
            assert ("StateDirectory" in values) == (scope == "system")
            for file, descriptor, listens in (
                    ("quptime.socket", name("FD_NAME_PEER"), name("PORT_DEFAULT")),
                    ("quptime-control.socket", name("FD_NAME_CONTROL"), "%t/quptime/quptime.sock")):
                assert file in values["Sockets"].split()
                socket = dict(unit(only(place, f"**/systemd/{scope}/{file}"))["Socket"])
                assert socket["Service"] == "quptime.service"
                assert socket["FileDescriptorName"] == descriptor
                assert socket["ListenStream"] == listens
            assert socket["SocketMode"] == "0600" and socket["RemoveOnStop"] == "yes"


def test_bus_files_agree_with_the_daemon():
    with installed() as place:
        user = dict(unit(only(place, "**/systemd/system/quptime.service"))["Service"])["User"]
        assert f"\nu {user} " in only(place, "**/sysusers.d/quptime.conf").read_text()
        assert f" 0700 {user} {user} " in only(place, "**/tmpfiles.d/quptime.conf").read_text()
        policy = xml.etree.ElementTree.parse(only(place, "**/dbus-1/system.d/org.quptime1.conf")).getroot()
        owners = {p.get("user") for p in policy.iter("policy") for a in p.iter("allow") if a.get("own")}
        assert owners == {"root", user}, owners
        assert {a.get("own") for a in policy.iter("allow")} == {None, name("BUS_NAME")}
        for folder in ("system-services", "services"):
            file = configparser.ConfigParser()
            file.read(only(place, f"**/dbus-1/{folder}/org.quptime1.service"))
            assert file["D-BUS Service"]["Name"] == name("BUS_NAME")
            assert file["D-BUS Service"]["SystemdService"] == "quptime.service"


if __name__ == "__main__":
    harness.main(globals())
