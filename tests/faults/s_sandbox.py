"""Rows K20 and S15: a daemon's whole life under strace, beside what systemd/pennond.service lets it do.

The sandbox is the service manager's (./test boot has it in force). Here the daemon has what of it a command can give,
another user and no privileges, and every call of the system that it makes is held against the unit's settings.
"""
import http.client
import os
import re
import shutil
import signal
import subprocess

import libpennon
from certificates import Certificates
from fault_test import *
from test_life import Manager

UNIT = (ROOT / "systemd" / "pennond.service").read_text()
USER = 65534
IS_ROOT = os.geteuid() == 0
READABLE = [] if IS_ROOT else ["--core-dumps", "true"]  # else only root's strace sees what is behind a pointer
CALL = re.compile(r"(?:\d+ +)?(\w+)\((.*)")
# What settings of the unit refuse by a call's arguments, as strace writes them.
REFUSED = {
    "MemoryDenyWriteExecute=yes": r"(mmap\(\w+, \d+, \S*PROT_WRITE\S*PROT_EXEC|(pkey_)?mprotect\(.*PROT_EXEC|shmat\(.*SHM_EXEC)",
    "RestrictNamespaces=yes": r"(unshare|setns)\(|clone.*CLONE_NEW",
    "RestrictRealtime=yes": r"sched_set\w+\(.*SCHED_(FIFO|RR|DEADLINE)",
    "RestrictSUIDSGID=yes": r"(\w*chmod\w*|mkdir\w*|mknod\w*|open\w*|creat)\(.*, 0[2-7]\d{3}\b",
    "LockPersonality=yes": r"personality\(",
    "PrivateDevices=yes": r'\w+\([^"]*"/dev/(?!(null|zero|full|u?random|tty)")',
    # The C library wants to know one thing more, and goes without.
    "ProcSubset=pid": r'open\w*\([^"]*"/proc/(?!self/|thread-self/|\d+/|sys/vm/overcommit_memory")',
}
CHANGES = re.compile(r"(mkdir|rename|link|symlink|unlink|mknod|f?chmod|[fl]?chown|utimens|futimes)(at2?)?$|(rmdir|truncate|utimes?|creat|l?(set|remove)xattr)$")
OPENS_TO_WRITE = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")


def settings(name):
    """The values of a setting of the unit, in order."""
    return re.findall(rf"^{name}=(.*)$", UNIT, re.M)


def allowed_calls():
    """What SystemCallFilter leaves: sets of calls are added, and taken away again after a ~."""
    sets, name = {}, None
    for line in subprocess.run(["systemd-analyze", "syscall-filter"], check=True, capture_output=True, text=True).stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
        elif name and line.startswith("    ") and "#" not in line:
            sets.setdefault(name, set()).add(line.strip())

    def expand(one):
        return set().union(*map(expand, sets[one])) if one.startswith("@") else {one}
    allowed = expand("@default")  # always
    for line in settings("SystemCallFilter"):
        listed = set().union(*map(expand, line.lstrip("~").split()))
        allowed = allowed - listed if line.startswith("~") else allowed | listed
    return allowed


class SandboxTest(FaultTest):
    def sandboxed(self, trace):
        """What the daemon's command begins with: strace, and what the unit gives that needs no service manager."""
        privileges = ["--reuid", str(USER), "--regid", str(USER), "--clear-groups", "--bounding-set", "-all"] if IS_ROOT else []
        return [*self.strace("-A", "-s", "0", "-o", str(trace)), "setpriv", *privileges, "--no-new-privs"]

    def give(self, *paths):
        """They belong to the daemon."""
        for path in paths if IS_ROOT else ():
            os.chown(path, USER, USER)

    def life(self):
        """Lets a daemon live until all that it can do was done: its calls, as [(name, arguments and result)]."""
        for program in ("strace", "setpriv", "openssl", "systemd-analyze"):
            if not shutil.which(program):
                self.skipTest(f"there is no {program}")
        pennon, tls = libpennon.load(), Certificates(self.folder("tls")).make("store", is_self_signed=True)
        self.store = self.start_store(tls=tls)
        self.place, trace, config = self.folder("daemon"), self.folder("trace"), self.folder("etc") / "pennond.yaml"
        config.write_text("context: {headers: {X-User: targetingKey}}\n")
        manager = Manager(self.directory + "/notify")
        self.addCleanup(manager.close)
        os.chmod(self.directory, 0o755)
        self.give(self.place, trace, self.store.key_file, self.directory + "/notify")
        with environment({"NOTIFY_SOCKET": self.directory + "/notify", "WATCHDOG_USEC": "400000"}):
            daemon = self.start_daemon(self.store, [
                "--config", str(config), "--upstream-url", self.store.url.replace("127.0.0.1", "localhost"), "--upstream-ca-file", tls[0],
                "--bootstrap-file", EXAMPLE, "--report-interval", "100ms", "--admin-address", "127.0.0.1", "--admin-port", "0", *READABLE],
                wrap=self.sandboxed(trace / "calls"))
            manager.hear("READY=1")
            earlier = self.follow(daemon, "plain")
            self.be_asked(daemon, pennon)
            self.follow(daemon, "beta")
            self.obey(daemon, earlier)
            for text, said in (("context: {fixed: {host: here}}\n", "configuration read again"), ("nonsense: 1\n", "configuration refused")):
                config.write_text(text)
                daemon.program.process.send_signal(signal.SIGHUP)
                eventually(lambda: said in daemon.program.log, said)
            config.write_text("log: {level: debug}\n")
            manager.hear("WATCHDOG=1")
            self.crash(daemon)
            self.store.program.kill()
            daemon.start()
            self.assertEqual(daemon.flag("banner")["source"], "cache")
            eventually(lambda: daemon.environment()["state"] == "upstream-down", "the store is missed")
            self.assertEqual(daemon.program.terminate(), 0)
            for path in self.place.glob("cache.db*"):
                path.write_bytes(b"damaged" * 1000)
            self.store.start()
            daemon.start()
            self.follow(daemon, "sale")
            self.assertTrue((self.place / "cache.db.aside").exists())
            held = self.raw(daemon)
            held.sendall(b"GET /livez HTTP/1.1\r\nHost: ")
            daemon.program.process.send_signal(signal.SIGTERM)
            manager.hear("STOPPING=1")
            held.sendall(b"x\r\n\r\n")
            self.assertIn(b" 200 ", held.recv(4096))
            self.assertEqual(daemon.program.process.wait(timeout=60), 0)
        self.follow_file(daemon.wrap)
        return self.calls(trace / "calls")

    def calls(self, trace):
        """All of the daemons, without those of what started them."""
        calls, began, is_daemon = [], [], False
        for match in filter(None, map(CALL.match, trace.read_text(errors="replace").splitlines())):
            if match[1] == "execve":
                began.append(re.match(r'".*/(.*?)"', match[2])[1])
                is_daemon = began[-1] == "pennond"
            elif is_daemon:
                calls.append(match.groups())
        self.assertEqual(began, ["setpriv", "pennond"] * 4)  # its starts: it starts no program itself
        return calls

    def follow(self, daemon, variant):
        """A change is told by the stream, and kept."""
        eventually(lambda: daemon.environment()["state"] == "live" and daemon.environment()["stream"]["open"], "it follows the store")
        revision = self.store.configure("banner", {"default": {"variant": variant}})
        self.wait_revision(daemon, revision)
        eventually(lambda: revision in (self.told(self.kept, daemon) or ()), "it is kept")
        return revision

    @staticmethod
    def told(order, *arguments):
        """What an order gives; None when the disk is slow for so long that it is not waited for."""
        try:
            return order(*arguments)
        except FrameError:
            return None

    def follow_file(self, wrap):
        file = self.folder("etc") / "flags.json"
        file.write_text(json.dumps({"environment": "production", "flags": {"a": flag(1)}}))
        daemon = self.start_daemon(arguments=["--upstream-kind", "file", "--upstream-file", str(file), "--upstream-poll-interval", "1h",
                                              "--upstream-stale-after", "2h", *READABLE], wrap=wrap)
        for value in (1, 2):
            eventually(lambda: daemon.flag("a", default=0)["value"] == value, "the file is followed")
            file.write_text(json.dumps({"environment": "production", "flags": {"a": flag(2)}}))
        self.assertEqual(daemon.program.terminate(), 0)

    def be_asked(self, daemon, pennon):
        client = self.frames(daemon)
        client.hello("production")
        self.assertEqual(client.evaluate("banner", {})["value"], "Welcome")
        next(client.subscribe())
        self.assertEqual(daemon.flag("banner")["value"], "Welcome")
        for path in ("/evaluate", "/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/banner"):
            self.assertEqual(request(http.client.HTTPConnection(*daemon.http_address(), timeout=30), "POST", path, {})[0], 200)
        admin, = [one["address"].split(":") for one in daemon.status()["listeners"] if one["name"] == "admin"]
        self.assertEqual(request(http.client.HTTPConnection(*admin, timeout=30), "GET", "/metrics")[0], 200)
        mapped = pennon.Client(socket_path=daemon.socket)
        self.addCleanup(mapped.close)
        eventually(lambda: (mapped.way, mapped.get("banner", "")) == ("mapped", "Welcome"), "it is mapped")
        reports = metric(daemon, "pennon_reports_total")
        eventually(lambda: metric(daemon, "pennon_reports_total") > reports + 1, "usage is reported")

    def obey(self, daemon, earlier):
        operator = self.frames(daemon)
        operator.hello("production")
        for verb, argument, value in (("rollback", f"{daemon.environment()['epoch']}.{earlier}", "Welcome"), ("unpin", "", "Welcome to the beta")):
            eventually(lambda: self.told(operator.order, verb, argument) or daemon.flag("banner")["value"] == value, verb)
            self.assertEqual(daemon.flag("banner")["value"], value)
        operator.order("status")

    def crash(self, daemon):
        """It notes by itself that it crashed."""
        daemon.program.process.send_signal(signal.SIGABRT)
        self.assertEqual(daemon.program.process.wait(timeout=60), -signal.SIGABRT)
        self.assertTrue((self.place / "cache.db.crashes").exists())

    @without_sanitizer("it makes calls of its own")
    def test_K20_nothing_that_a_daemon_does_is_refused_by_its_sandbox(self):
        calls = [(name, f"{name}({rest}") for name, rest in self.life()]
        called = {name for name, _ in calls}
        self.assertGreaterEqual(called, {"connect", "fdatasync", "inotify_add_watch", "memfd_create", "rename", "setpriority"})  # what there is to allow
        self.assertEqual(called - allowed_calls(), set())
        for setting, pattern in REFUSED.items():
            self.assertRegex(UNIT, f"(?m)^{setting}$")
            self.assertEqual([call for _, call in calls if re.match(pattern, call)], [], setting)
        families, = settings("RestrictAddressFamilies")
        self.assertEqual({re.split(r"\W", call)[1] for name, call in calls if name.startswith("socket")} - set(families.split()), set())
        self.assertEqual([call for _, call in calls if re.search(r" = -1 (EPERM|EACCES)", call)], [])

    @without_sanitizer("it makes calls of its own")
    def test_S15_a_daemon_writes_only_where_its_state_is_starts_no_program_and_connects_only_to_its_upstream(self):
        changed, reached = set(), set()
        for name, rest in self.life():
            if CHANGES.match(name) or name.startswith("open") and OPENS_TO_WRITE.search(rest) or name == "bind" and "AF_UNIX" in rest:
                changed |= set(map(os.path.normpath, re.findall(r'"(.*?)"', rest)))
            if name in ("connect", "sendto", "sendmsg", "sendmmsg"):
                reached |= set(re.findall(r"sa_family=(AF_.*?)\}", rest))
            if name in ("fork", "vfork") or name.startswith("clone"):
                self.assertIn("CLONE_THREAD", rest, name)
        own = [f"{self.place}/{name}" for name in ("cache.db", "cache.db.aside", "cache.db.crashes", "pennon.sock")]
        self.assertGreaterEqual(changed, set(own))
        self.assertEqual({path for path in changed if not path.startswith(f"{self.place}/")} - {"/dev/null"}, set())
        upstream = f'AF_INET, sin_port=htons({self.store.port}), sin_addr=inet_addr("127.0.0.1")'
        self.assertIn(upstream, reached)
        others = {one for one in reached - {upstream} if not re.match(rf'AF_INET6, sin6_port=htons\({self.store.port}\).*"::1"', one)}
        # Whether another daemon has its socket, the service manager, and a cache of names where there is one.
        self.assertEqual(others - {f'AF_UNIX, sun_path="{path}"' for path in (own[-1], self.directory + "/notify", "/var/run/nscd/socket")}, set())
