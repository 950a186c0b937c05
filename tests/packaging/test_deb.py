"""The Debian packages in a fresh Debian: installed, used, upgraded, removed, purged.

PENNON_DEBS names the folder that packaging/build-deb has filled.
"""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import time
import unittest

from rootfs import ROOT, Rootfs

DEBS = pathlib.Path(os.environ.get("PENNON_DEBS", ROOT / "build" / "deb"))
PACKAGES = ("pennond", "pennon-store", "pennon", "libpennon1", "libpennon-dev")
PROGRAM = """
#include <pennon/client.h>
#include <iostream>
int main() {
  pennon::Client flags;
  pennon::Context user("user-7");
  std::cout << flags.StringValue("banner", user, "the caller's own") << std::endl;
}
"""


def package_file(name):
    found = [path for path in DEBS.glob(f"{name}_*.deb")]
    assert len(found) == 1, f"packaging/build-deb makes {DEBS}/{name}_*.deb, and there are {found}"
    return found[0]


class Lintian(unittest.TestCase):
    def test_lintian_has_neither_errors_nor_warnings(self):
        changes = list(DEBS.glob("*.changes"))
        self.assertEqual(len(changes), 1, DEBS)
        # The tag suppressed is a rule of Debian's own archive: a first upload closes a bug of theirs.
        told = subprocess.run(["lintian", "--fail-on=error,warning", "--suppress-tags=initial-upload-closes-no-bugs",
                               "--allow-root", changes[0]], capture_output=True, text=True)
        self.assertEqual((told.returncode, told.stdout), (0, ""), told.stderr)


class Hardening(unittest.TestCase):
    def test_programs_and_libraries_are_built_to_withstand(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in PACKAGES:
                subprocess.run(["dpkg-deb", "--extract", package_file(name), folder], check=True)
            found = [path for path in pathlib.Path(folder).rglob("*")
                     if path.is_file() and not path.is_symlink() and path.open("rb").read(4) == b"\x7fELF"]
            self.assertGreaterEqual(len(found), 4, found)
            told = subprocess.run([ROOT / "scripts" / "hardening", *found], capture_output=True, text=True)
            self.assertEqual(told.returncode, 0, told.stdout + told.stderr)


class Packages(unittest.TestCase):
    """Each test begins with a Debian of its own."""

    def setUp(self):
        self.debian = Rootfs()
        self.addCleanup(self.debian.close)
        self.debian.run("apt-get", "update", "-q")

    def install(self, *files, options=()):
        names = []
        for file in files:
            shutil.copy(file, self.debian.file("/root"))
            names.append(f"/root/{file.name}")
        return self.debian.run("apt-get", "install", "-y", "-q", "--no-install-recommends", "--allow-downgrades", *options, *names)

    def changed(self, name, version, edit):
        """The package with another version and whatever `edit` does to its tree."""
        tree = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, tree)
        subprocess.run(["dpkg-deb", "-R", package_file(name), tree / "tree"], check=True)
        control = tree / "tree" / "DEBIAN" / "control"
        control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
        edit(tree / "tree")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree / "tree", tree / f"{name}_{version}_all.deb"],
                       check=True, capture_output=True)
        return tree / f"{name}_{version}_all.deb"

    def daemon(self, *arguments):
        """The installed daemon as its user, without a service manager; answered once when this returns."""
        process = self.debian.start("pennond", "--config", "/etc/pennon/pennond.yaml", "--bootstrap-file",
                                    "/usr/share/pennon/example-flags.json", "--http-enabled", "false", *arguments, user="pennon")

        def stop():
            process.terminate()
            process.communicate(timeout=30)
        self.addCleanup(stop)
        deadline = time.monotonic() + 60
        while self.ask("ready").returncode != 0:
            self.assertIsNone(process.poll(), process.stdout.read() if process.poll() is not None else "")
            self.assertLess(time.monotonic(), deadline, "the daemon was never ready")
            time.sleep(0.05)
        return process

    def ask(self, *arguments, user="daemon", groups=("pennon",)):
        return self.debian.run("pennon", *arguments, check=False, user=user, groups=groups)

    def test_every_package_installs_and_the_daemon_answers_its_group(self):
        self.install(*map(package_file, PACKAGES))
        self.assertEqual(self.debian.run("dpkg", "--verify", *PACKAGES).stdout, "")
        for path, owner, mode in (("/var/lib/pennon", "pennon", 0o700), ("/run/pennon", "pennon", 0o755),
                                  ("/var/lib/pennon-store", "pennon-store", 0o700), ("/etc/pennon", "root", 0o755)):
            self.assertEqual(self.debian.run("stat", "-c", "%U %a", path).stdout.split(), [owner, f"{mode:o}"], path)
        for path in ("/lib/systemd/system/pennond.socket", "/usr/share/bash-completion/completions/pennon",
                     "/usr/share/fish/vendor_completions.d/pennon.fish"):
            self.assertTrue(self.debian.file(path).exists(), path)

        self.daemon()
        answer = self.ask("eval", "banner", "-k", "user-7")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("Welcome", answer.stdout)
        stranger = self.ask("eval", "banner", "-k", "user-7", user="games", groups=())
        self.assertNotEqual(stranger.returncode, 0)
        self.assertIn("Permission denied", stranger.stderr)

        program = self.debian.file("/root/program.cpp")
        program.write_text(PROGRAM)
        library = next(self.debian.path.glob("usr/lib/*/libpennon.so"))
        subprocess.run(["g++", "-std=c++17", f"-I{self.debian.path}/usr/include", program, f"-L{library.parent}", "-lpennon",
                        "-Wl,--unresolved-symbols=ignore-in-shared-libs", "-o", self.debian.file("/usr/bin/program")], check=True)
        self.assertIn("Welcome", self.debian.run("program", user="daemon", groups=("pennon",)).stdout)

    def test_the_store_begins_in_its_own_folder(self):
        self.install(package_file("pennon-store"), package_file("pennon"))
        self.debian.run("pennon-store", "--config", "/etc/pennon/pennon-store.yaml", "init", "--token-file",
                        "/var/lib/pennon-store/admin-token", user="pennon-store")
        self.assertTrue(self.debian.file("/var/lib/pennon-store/store.db").exists())
        checked = self.debian.run("pennon-store", "--config", "/etc/pennon/pennon-store.yaml", "--check-config", user="pennon-store")
        self.assertEqual(checked.returncode, 0)

    def test_an_upgrade_keeps_the_settings_and_the_cache(self):
        self.install(package_file("pennond"))
        settings = self.debian.file("/etc/pennon/pennond.yaml")
        own = settings.read_text().replace("level: info", "level: debug")
        settings.write_text(own)
        cache = self.debian.file("/var/lib/pennon/cache.db")
        cache.write_text("kept")

        def edit(tree):
            conffile = tree / "etc" / "pennon" / "pennond.yaml"
            conffile.write_text(conffile.read_text() + "# a later version\n")
        self.install(self.changed("pennond", "9.0-1", edit), options=("-o", "Dpkg::Options::=--force-confold"))
        self.assertIn("9.0-1", self.debian.run("dpkg-query", "-W", "pennond").stdout)
        self.assertEqual(settings.read_text(), own)
        self.assertTrue(settings.with_name("pennond.yaml.dpkg-dist").read_text().endswith("# a later version\n"))
        self.assertEqual(cache.read_text(), "kept")

    def test_remove_keeps_the_settings_and_purge_leaves_nothing(self):
        self.install(*map(package_file, PACKAGES))
        for path in ("/etc/pennon/sync-key", "/var/lib/pennon/cache.db", "/var/lib/pennon-store/store.db"):
            self.debian.file(path).write_text("x")
        self.debian.run("apt-get", "remove", "-y", "-q", *PACKAGES)
        for path in ("/etc/pennon/pennond.yaml", "/etc/pennon/sync-key", "/var/lib/pennon/cache.db", "/var/lib/pennon-store/store.db"):
            self.assertTrue(self.debian.file(path).exists(), path)
        for path in ("/usr/bin/pennond", "/usr/bin/pennon-store", "/usr/bin/pennon", "/run/pennon"):
            self.assertFalse(self.debian.file(path).exists(), path)
        self.debian.run("dpkg", "--purge", *PACKAGES)
        left = [str(path.relative_to(self.debian.path)) for path in self.debian.path.rglob("*pennon*")
                if not str(path.relative_to(self.debian.path)).startswith(("root/", "var/cache/apt", "var/lib/apt"))]
        self.assertEqual(left, [])
        self.assertEqual(stat.S_IMODE(self.debian.path.stat().st_mode), 0o755)


if __name__ == "__main__":
    unittest.main()
