"""The examples over pennon.h, built as their READMEs say and run against a real store and daemon."""
import os
import shutil
import signal
import subprocess
import sys
import unittest

import libpennon
from harness import BIN, ROOT, EndToEndTest, eventually

EXAMPLES = ROOT / "examples"
LIBRARY = BIN.parent / "lib"
INCLUDE = "-I" + str(ROOT / "client" / "include")
LINK = [f"-L{LIBRARY}", "-lpennon", f"-Wl,-rpath,{LIBRARY}"]


@unittest.skipIf(libpennon.IS_SANITIZED, "programs without a sanitizer cannot link a library with one")
class ExamplesTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.store = self.start_store()
        self.daemon = self.start_daemon(self.store)
        eventually(lambda: self.daemon.environment()["source"] == "live", "the daemon has the store's set")
        self.environment = {**os.environ, "PENNON_SOCKET": self.daemon.socket}

    def run_one(self, *command, **options):
        ran = subprocess.run(command, capture_output=True, text=True, timeout=300, env=self.environment, **options)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        return ran.stdout

    def test_c(self):
        program = self.folder("c") / "checkout"
        self.run_one("cc", "-std=c99", "-Wall", "-Wextra", "-Werror", INCLUDE, EXAMPLES / "c" / "checkout.c", *LINK, "-o", program)
        self.comes_to([program, "user-7", "user-9"],
                      'user-7: new checkout on, banner "Welcome to the beta" (mapped)\nuser-9: new checkout on, banner "Welcome" (mapped)\n')

    def test_asio(self):
        program = self.folder("asio") / "watch"
        self.run_one("c++", "-std=c++17", "-Wall", "-Wextra", INCLUDE, EXAMPLES / "asio" / "watch.cpp", *LINK, "-o", program)
        with subprocess.Popen([program], stdout=subprocess.PIPE, text=True, env=self.environment) as watch:
            self.addCleanup(watch.kill)
            self.until(watch, "banner: Welcome (")  # it may not be mapped yet
            revision = self.store.configure("banner", {"default": {"variant": "sale"}})
            self.until(watch, f"revision {revision}")
            self.until(watch, "banner: Everything at half price (mapped)")
            self.daemon.program.kill()
            revision = self.store.configure("banner", {"default": {"variant": "beta"}})
            self.daemon.start()
            self.until(watch, f"revision {revision}")  # what changed while nobody was there is told, too
            watch.send_signal(signal.SIGTERM)
            self.assertEqual(watch.wait(30), 0)

    def comes_to(self, command, expected):
        """On a busy machine the first answers may still come over frames."""
        eventually(lambda: self.run_one(*command) == expected, lambda: f"{expected}: {self.run_one(*command)}")

    def until(self, process, line):
        while not (seen := process.stdout.readline()).startswith(line):
            self.assertTrue(seen, f"never said: {line}")

    @unittest.skipUnless(shutil.which("go"), "there is no Go here")
    def test_go(self):
        self.environment |= {"CGO_CFLAGS": INCLUDE, "CGO_LDFLAGS": " ".join(LINK), "GOFLAGS": "-mod=mod", "CGO_ENABLED": "1"}
        program = self.folder("go") / "checkout"
        self.run_one("go", "build", "-o", program, ".", cwd=EXAMPLES / "go")
        self.comes_to([program, "user-9"], "user-9: new checkout true (mapped)\n")

    def test_python(self):
        self.environment["PENNON_LIBRARY"] = str(LIBRARY / "libpennon.so.1")
        eventually(lambda: "mapped" in self.run_one(sys.executable, EXAMPLES / "python" / "pennon.py"), "it is mapped")


if __name__ == "__main__":
    unittest.main()
