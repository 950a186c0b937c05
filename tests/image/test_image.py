"""The container images: what is in them, what they are allowed, and that they serve."""
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import ROOT, eventually, free_port  # noqa: E402
from container import CONFINED, Container, podman  # noqa: E402

USER = "65532"
SIZE_LIMITS = {"pennond": 40 << 20, "pennon-store": 40 << 20}


def build(folder):
    subprocess.run([ROOT / "packaging/image/build-image", "--out", folder], check=True)


class Image:
    """An image as `docker save` writes it: its configuration, and its only layer as a folder."""

    def __init__(self, name, archives, folder):
        self.name = name
        self.archive = archives / f"{name}.tar"
        self.root = folder / name
        with tarfile.open(self.archive) as archive:
            manifest = json.load(archive.extractfile("manifest.json"))[0]
            self.config = json.load(archive.extractfile(manifest["Config"]))
            layer, = manifest["Layers"]
            with tarfile.open(fileobj=archive.extractfile(layer)) as files:
                self.members = {member.name.strip("/"): member for member in files.getmembers()}
                files.extractall(self.root, numeric_owner=True)


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="pennon-image-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.folder = folder
        build(folder / "one")
        cls.images = [Image(name, folder / "one", folder) for name in SIZE_LIMITS]

    def each(self):
        for image in self.images:
            with self.subTest(image.name):
                yield image

    def test_runs_as_a_numbered_user_that_is_not_root(self):
        for image in self.each():
            self.assertEqual(image.config["config"]["User"], f"{USER}:{USER}")

    def test_names_itself_and_its_source(self):
        for image in self.each():
            labels = image.config["config"]["Labels"]
            self.assertEqual(labels["org.opencontainers.image.title"], image.name)
            self.assertEqual(labels["org.opencontainers.image.licenses"], "Apache-2.0")
            self.assertRegex(labels["org.opencontainers.image.revision"], r"^[0-9a-f]{40}$")
            self.assertRegex(labels["org.opencontainers.image.version"], r"^\d+\.\d+\.\d+$")

    def test_the_daemon_has_a_health_check(self):
        daemon = self.images[0].config["config"]
        self.assertEqual(daemon["Healthcheck"]["Test"], ["CMD", "/usr/bin/pennon", "health"])
        self.assertEqual(daemon["Entrypoint"], ["/usr/bin/pennond"])

    def test_has_no_other_program(self):
        programs = {"pennond": {"pennond", "pennon"}, "pennon-store": {"pennon-store"}}
        for image in self.each():
            runnable = {name for name, member in image.members.items() if member.isfile() and member.mode & 0o111}
            self.assertEqual({name for name in runnable if ".so" not in name},
                             {f"usr/bin/{name}" for name in programs[image.name]})
            self.assertFalse([name for name, member in image.members.items() if member.mode & 0o6000], "setuid files")

    def test_only_its_own_folders_can_be_written(self):
        own = {"pennond": {"run/pennon", "var/lib/pennon"}, "pennon-store": {"var/lib/pennon-store"}}
        for image in self.each():
            writable = {name for name, member in image.members.items()
                        if not member.issym() and (member.uid != 0 or member.mode & 0o002)}
            self.assertEqual(writable, own[image.name] | {"tmp"})

    def test_is_small(self):
        for image in self.each():
            self.assertLess(image.archive.stat().st_size, SIZE_LIMITS[image.name])

    def test_lists_every_package_it_has_files_of(self):
        for image in self.each():
            document = json.loads((image.root / f"usr/share/doc/{image.name}.spdx.json").read_text())
            listed = {package["name"] for package in document["packages"]}
            self.assertEqual(document["spdxVersion"], "SPDX-2.3")
            libraries = [name for name in image.members if ".so" in name]
            self.assertGreater(len(libraries), 10)
            for name in libraries:
                path = "/" + name if pathlib.Path("/" + name).exists() else "/" + name.removeprefix("usr/")
                owner = subprocess.run(["dpkg-query", "-S", os.path.realpath(path), os.path.realpath(path).removeprefix("/usr")],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split(":")[0]
                self.assertIn(owner, listed, name)
            self.assertEqual("preact" in listed, image.name == "pennon-store", "the admin UI is in the store")
            for package in listed - {image.name}:
                self.assertTrue((image.root / "usr/share/doc" / package / "copyright").exists(), package)

    def test_the_list_is_valid_spdx(self):
        checker = ROOT / "build/venv/bin/pyspdxtools"
        for image in self.each():
            done = subprocess.run([checker, "-i", self.folder / "one" / f"{image.name}.spdx.json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_two_builds_give_the_same_layer(self):
        build(self.folder / "two")
        for image in self.each():
            other = Image(image.name, self.folder / "two", self.folder / "again")
            self.assertEqual(image.config["rootfs"], other.config["rootfs"])
            self.assertEqual(image.config["history"], other.config["history"])

    def test_store_and_daemon_serve_from_read_only_roots(self):
        run, state, store_state = (self.folder / name for name in ("run", "state", "store-state"))
        for folder in (run, state, store_state):
            folder.mkdir()
            os.chown(folder, int(USER), int(USER))
        mounts = ["-v", f"{store_state}:/var/lib/pennon-store", "-v", f"{ROOT / 'config'}:/config:ro"]

        def administer(*command):
            return podman("run", "--rm", *CONFINED, *mounts, "localhost/pennon-store", *command)
        administer("init", "--token-file", "/var/lib/pennon-store/admin-token")
        administer("import", "/config/example-flags.json", "--sync-key-file", "/var/lib/pennon-store/sync-key")
        shutil.copy(store_state / "sync-key", state / "sync-key")
        os.chown(state / "sync-key", int(USER), int(USER))

        store_port = str(free_port())
        store = Container("localhost/pennon-store", "pennon-test-store", "serve", "--listen-port", store_port, options=mounts)
        self.addCleanup(podman, "rm", "--force", "--ignore", "pennon-test-store", "pennon-test-daemon")
        daemon = Container("localhost/pennond", "pennon-test-daemon", options=[
            "-v", f"{run}:/run/pennon", "-v", f"{state}:/var/lib/pennon",
            "-e", "PENNOND_ENVIRONMENT=production", "-e", f"PENNOND_UPSTREAM_URL=http://127.0.0.1:{store_port}",
            "-e", "PENNOND_UPSTREAM_KEY_FILE=/var/lib/pennon/sync-key", "-e", f"PENNOND_HTTP_PORT={free_port()}"])
        eventually(lambda: daemon.run("/usr/bin/pennon", "ready")[0] == 0, daemon.logs)
        self.assertEqual(daemon.run("/usr/bin/pennon", "health")[0], 0)
        code, answer = daemon.run("/usr/bin/pennon", "eval", "banner", "-k", "user-7")
        self.assertEqual(code, 0, answer)
        self.assertIn("live, revision 1", answer)
        self.assertEqual(store.stop(), 0)

        code, answer = daemon.run("/usr/bin/pennon", "eval", "banner", "-k", "user-7")
        self.assertEqual(code, 0, f"with the store gone: {answer}")
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
