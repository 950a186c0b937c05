"""Row S08 of the store: the secrets and attributes that it is given are in nothing that it writes or shows."""
import hashlib
import signal
import subprocess

from fault_test import *
from harness import GIVE_UP_SECONDS, Postgres
from planted_secrets import MAX_BODY, PRODUCTION, Planted
from test_tls import make_certificate

SHOWN = ("/status", "/metrics", "/livez", "/openapi.json", "/api/v1/tokens", "/api/v1/users", "/api/v1/environments", PRODUCTION + "/keys",
         PRODUCTION + "/fleet", PRODUCTION + "/usage")
TALKATIVE = ["--log-level", "debug", "--limits-body", str(MAX_BODY)]


def pieces_of_key(path):
    return [line for line in pathlib.Path(path).read_text().splitlines() if not line.startswith("-----")]


def allow_cores(process=0):
    resource.prlimit(process, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class ConfiguredStore(Store):
    """One whose database is named in a file: its address has a password in it."""

    def __init__(self, directory, settings):
        self.settings = settings
        super().__init__(directory)

    def command(self, *arguments):
        return subprocess.run([BIN / "pennon-store", "--config", self.settings, *arguments], check=True, capture_output=True, text=True).stdout

    def start(self):
        self.program = Program(self.directory, self.name, [BIN / "pennon-store", "serve", "--config", self.settings, "--listen-port", str(self.port),
                                                           "--limits-api-rate", "0", *TALKATIVE])
        eventually(self.is_up, "the store is up: " + self.program.log)


class StoreSecretsTest(FaultTest):
    def history(self, planted):
        """The audit log as the API shows it, page by page and as a whole."""
        pages, after = [], ""
        while after is not None:
            page = planted.admin(200, "GET", f"/api/v1/audit?limit=50{after and '&after=' + str(after)}")
            pages.append(json.dumps(page))
            after = page.get("next")
        return "".join(pages).encode(), planted.send(200, "GET", "/api/v1/audit/export", token=planted.store.token)[1].encode()

    def seen(self, planted):
        """{where: bytes} of what a store writes and shows, and of the history and the database by themselves."""
        store = planted.store
        process = pathlib.Path(f"/proc/{store.program.process.pid}")
        seen = {path: planted.send(200, "GET", path, token=store.token)[1].encode() for path in SHOWN}
        seen |= {"command line": (process / "cmdline").read_bytes(), "environment": (process / "environ").read_bytes()}
        audit, export = self.history(planted)
        kept = {"audit log": audit, "export of the audit log": export}
        store.command("backup", str(store.directory / "backup"))
        kept["backup"] = (store.directory / "backup").read_bytes()
        kept |= {path.name: path.read_bytes() for path in store.directory.glob("store.db*")}
        return {**seen, "log": store.program.log.encode()}, kept

    def assert_nowhere(self, planted, seen, kept):
        secrets = {**planted.tokens, **planted.contexts}
        for name, text in {**secrets, **planted.exceptions}.items():
            for where, said in {**seen, **(kept if name in secrets else {})}.items():
                for part in {text, text.rsplit("_", 1)[-1]}:  # of a token also what is behind pn_…_
                    self.assertNotIn(part.encode(), said, f"{name} in {where}")

    def assert_no_core(self, process):
        process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -signal.SIGKILL  # it is gone, and was meant to be
        self.assertEqual((os.WTERMSIG(status), os.WCOREDUMP(status)), (signal.SIGABRT, False))

    def test_S08_a_store_shows_and_writes_no_secret_and_no_attribute(self):
        certificate, key = make_certificate(self.folder("keys"), "store")
        signing = self.folder("keys") / "signing.pem"
        subprocess.run([BIN / "pennon-store", "keygen", signing], check=True, capture_output=True)
        store = self.start_store(tls=(certificate, key), arguments=[*TALKATIVE, "--signing-key-file", str(signing)])
        planted = Planted(store).plant_all()
        for name, path in (("TLS key", key), ("signing key", signing)):
            for number, piece in enumerate(pieces_of_key(path)):
                planted.secret(f"{name}, line {number}", piece)
        whole = key.read_text()
        key.write_text(whole.replace("\n", "\n" + planted.secret("broken key", "canaryBrokenKey"), 1))
        store.program.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reload refused" in store.program.log, "the broken key is refused")
        key.write_text(whole)
        seen, kept = self.seen(planted)
        self.assert_nowhere(planted, seen, kept)
        # It did look where things are: at a log that tells of these requests, and at a database that has what they made.
        for event in ("sign-in refused", "too many attempts to sign in", "signed in", "scheduled change failed", "method=GET", "status=412"):
            self.assertIn(event.encode(), seen["log"])
        whole = b"".join(kept.values())
        for text in (hashlib.sha256(store.token.encode()).hexdigest(), "$argon2id$", planted.exceptions["target"]):
            self.assertIn(text.encode(), whole)

    @slow
    def test_S08_a_store_on_postgresql_keeps_its_secrets_and_tells_nobody_the_password_of_the_database(self):
        server = Postgres()
        self.addCleanup(server.end)
        password = "canary-database-91"
        settings = self.folder("settings") / "store.yaml"
        settings.write_text(f"database: {server.address.replace('pennon@', f'pennon:{password}@')}\n")
        store = ConfiguredStore(self.folder("store"), settings)
        self.addCleanup(lambda: store.program.end())
        planted = Planted(store).plant_all()
        planted.secret("password of the database", password)
        seen, kept = self.seen(planted)
        kept["dump"] = subprocess.run(["pg_dump", server.address], check=True, capture_output=True).stdout
        kept["log of the server"] = (pathlib.Path(server.address.split("host=")[1]) / "server.log").read_bytes()
        for text in (hashlib.sha256(store.token.encode()).hexdigest(), "$argon2id$", planted.exceptions["target"]):
            self.assertIn(text.encode(), kept["dump"])
        server.end()
        eventually(lambda: "database does not answer" in store.program.log, "it is told that the database is away")
        planted.admin(503, "GET", "/api/v1/flags")
        planted.admin(503, "POST", "/api/v1/tokens", {"name": "late"})
        seen["log"] = store.program.log.encode()
        for option in ("--print-config", "--check-config", "verify", "serve"):
            ran = subprocess.run([BIN / "pennon-store", "--config", settings, option], capture_output=True, timeout=60)
            seen[option] = ran.stdout + ran.stderr
            self.assertTrue(seen[option] or option == "--check-config", option)
        self.assert_nowhere(planted, seen, kept)

    @without_sanitizer("it takes the signals of a crash for itself")
    def test_S08_a_crash_of_a_command_of_the_store_leaves_no_core_either(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:  # a database that never answers
            silent.settimeout(GIVE_UP_SECONDS)
            for command in ("serve", "init", "verify", "migrate"):
                process = subprocess.Popen([BIN / "pennon-store", "--database", f"postgres://a:canary@127.0.0.1:{silent.getsockname()[1]}/a", command],
                                           cwd=self.folder("cores"), preexec_fn=allow_cores)
                with silent.accept()[0]:  # it has read the password
                    self.assert_no_core(process)

    @without_sanitizer("it takes the signals of a crash for itself")
    def test_S08_a_crash_of_the_store_leaves_no_core_whatever_the_host_allows(self):
        store = self.start_store()
        allow_cores(store.program.process.pid)
        self.assert_no_core(store.program.process)
