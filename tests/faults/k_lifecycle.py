"""Rows K: starts, ends, configurations, and what an unkind host does to them."""
import itertools
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time

from fault_test import *
from local_test import ASK, read_all


class LifecycleTest(FaultTest):
    def command(self, folder, *arguments):
        return [BIN / "pennond", "--environment", "production", "--cache-path", str(folder / "cache.db"), "--socket-path",
                str(folder / "pennon.sock"), "--http-enabled", "false", *arguments]

    def refused(self, arguments, **options):
        """(exit code, standard error) of a daemon that must not start."""
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, errors="replace", **options)
        return done.returncode, done.stderr

    def ready(self, daemon):
        return daemon.get("/livez")[0], daemon.get("/readyz")[0]

    def test_K01_a_start_with_a_dead_upstream_answers_from_the_cache_at_once(self):
        upstream = self.upstream()
        flags = {f"f{i}": flag(i) for i in range(count("FLAGS", 2_000))} | {"a": flag(1)}
        upstream.publish(1, flags)
        daemon = self.live(upstream, POLL)
        self.wait_written(daemon, 1)
        daemon.program.kill()
        upstream.close()
        began = time.monotonic()
        daemon.start()
        took = time.monotonic() - began
        self.assertEqual(daemon.get("/readyz")[0], 200)
        self.assert_serves(daemon, 1, "cache")
        self.assertLess(took, 5)  # a dead upstream's deadline is what would take longer

    def test_K01_a_start_with_an_upstream_that_does_not_get_on_answers_from_the_cache_all_the_same(self):
        upstream, daemon = self.cached(2)

        def dripping(connection, _):
            connection.sendall(head(200, [("Content-Type", "application/x-ndjson"), ("Transfer-Encoding", "chunked")]))
            while True:
                connection.sendall(b"1\r\n \r\n")
                time.sleep(0.05)
        swallowing = []
        for what in ("hangs", "drips", "is swallowed"):
            if what != "is swallowed":
                upstream.fault = {"hangs": hold, "drips": dripping}[what]
                upstream.open()
            else:
                upstream.close()
                swallowing = self.swallow(socket.AF_INET, upstream.host, upstream.port)
            with self.subTest(what):
                asked = len(upstream.requests)
                began = time.monotonic()
                daemon.start()
                self.assert_serves(daemon, 2, "cache")
                took = time.monotonic() - began
                self.assertLess(took, 1)  # it takes a tenth of that; any deadline of the upstream is longer
                self.assertEqual(daemon.get("/readyz")[0], 200)
                eventually(lambda: swallowing or len(upstream.requests) > asked, "it asks, and waits")
                self.assert_serves(daemon, 2, "cache")
            daemon.program.kill()
            upstream.close()

    def test_K02_without_a_cache_the_daemon_stays_up_and_says_that_it_has_nothing(self):
        dead = self.upstream()
        dead.close()
        daemon = self.start_daemon(dead)
        self.wait_mishaps(daemon, 1)
        self.assertEqual(self.ready(daemon), (200, 503))
        answered = daemon.flag("a", default=5)
        self.assertEqual((answered["value"], answered["errorCode"]), (5, "PROVIDER_NOT_READY"))
        booted = self.start_daemon(dead, ["--bootstrap-file", EXAMPLE], "booted")
        self.assertEqual(self.ready(booted), (200, 200))
        answered = booted.flag("banner")
        self.assertEqual((answered["value"], answered["source"], answered["stale"]), ("Welcome", "bootstrap", True))

    def test_K03_the_socket_of_a_dead_daemon_is_replaced(self):
        daemon = self.bootstrapped()
        for _ in range(3):
            daemon.program.kill()
            self.assertTrue(stat.S_ISSOCK(os.stat(daemon.socket).st_mode))
            daemon.start()
            self.assertEqual(daemon.flag("banner")["value"], "Welcome")

    def test_K04_of_many_daemons_on_one_place_exactly_one_lives(self):
        for shared in ("socket", "cache", "both"):
            for round_ in range(count("RACES", 4)):
                folder = self.folder(f"{shared}-{round_}")
                crowd = []
                for number in range(4):
                    socket_path = folder / ("s" if shared != "cache" else f"s{number}")
                    cache = folder / ("c.db" if shared != "socket" else f"c{number}.db")
                    crowd.append(Program(folder, f"d{number}", [
                        BIN / "pennond", "--environment", "e", "--cache-path", str(cache), "--socket-path", str(socket_path),
                        "--http-enabled", "false"]))
                    self.addCleanup(crowd[-1].kill)
                eventually(lambda: sum(one.process.poll() is not None for one in crowd) == 3, "three have ended")
                winner, = [one for one in crowd if one.process.poll() is None]
                for one in crowd:
                    if one is not winner:
                        self.assertEqual(one.process.returncode, 78, one.log)
                        self.assertEqual(len(one.log.strip().splitlines()), 1, one.log)
                path = str(folder / ("s" if shared != "cache" else f"s{crowd.index(winner)}"))
                eventually(lambda: "listening" in winner.log, "it listens")
                self.assertEqual(request(UnixHttpConnection(path), "GET", "/livez")[0], 200)
                self.assertEqual(winner.terminate(), 0)

    def test_K05_what_is_no_dead_socket_of_ours_is_never_removed(self):
        folder = self.folder("places")
        (folder / "file").write_text("precious")
        (folder / "directory").mkdir()
        (folder / "link").symlink_to(folder / "file")
        os.mkfifo(folder / "fifo")
        for name in ("file", "directory", "link", "fifo"):
            before = os.lstat(folder / name)
            code, said = self.refused([BIN / "pennond", "--environment", "e", "--cache-path", "", "--socket-path", str(folder / name),
                                       "--http-enabled", "false"])
            self.assertEqual(code, 78, said)
            self.assertIn(name, said)
            self.assertEqual(os.lstat(folder / name).st_ino, before.st_ino)
        self.assertEqual((folder / "file").read_text(), "precious")

    def test_K07_mistakes_in_the_configuration_are_told_by_place_and_nothing_is_touched(self):
        folder = self.folder("k07")
        config = folder / "pennond.yaml"
        bomb = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [" + ",".join([f"*{chr(97 + i)}"] * 9) + "]\n" for i in range(12))
        for what, text in {"syntax": "upstream: [", "unknown": "nonsense: 1\n", "type": "workers: many\n", "range": "workers: 0\n",
                           "twice": "workers: 1\nworkers: 2\n", "a word for a section": "upstream: yes\n", "size": "# " + "x" * (11 << 20),
                           "bomb": bomb, "no as text": "http:\n  enabled: nope\n", "binary": "\x00\x01\x02", "tab": "upstream:\n\turl: x\n",
                           "a list": "- 1\n- 2\n", "deep": "a: " + "[" * 5000, "relative time": "limits:\n  drain_timeout: soon\n",
                           "time without a unit": "upstream:\n  timeout: 5\n"}.items():
            with self.subTest(what):
                config.write_text(text)
                code, said = self.refused(self.command(folder, "--config", str(config)))
                self.assertEqual(code, 78, said[:300])
                self.assertIn("pennond.yaml", said)
                self.assertEqual(len(said.strip().splitlines()), 1, said[:500])
                self.assertEqual(self.refused(self.command(folder, "--config", str(config), "--check-config"))[0], 78)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["pennond.yaml"])
        for variable in ("PENNOND_WORKERS=x", "PENNOND_NONSENSE=1"):
            name, _, value = variable.partition("=")
            code, said = self.refused(self.command(folder), env={**os.environ, name: value})
            self.assertEqual((code, name in said), (78, True), said)

    def test_K08_a_configuration_that_vanishes_while_it_is_read_again_changes_nothing(self):
        folder = self.folder("daemon")
        config = folder / "pennond.yaml"
        config.write_text("log:\n  level: info\n")
        daemon = self.bootstrapped(["--config", str(config)])
        stop = threading.Event()

        def flicker():
            while not stop.is_set():
                config.unlink()
                config.write_text("workers: nope\n")
                config.unlink()
                aside = folder / "new"
                aside.write_text("log:\n  level: info\n")
                aside.rename(config)
        thread = threading.Thread(target=flicker)
        thread.start()
        try:
            for number in range(20):
                daemon.program.process.send_signal(signal.SIGHUP)
                self.assertEqual(daemon.flag("banner")["value"], "Welcome")
                eventually(lambda: self.reloads(daemon) > number, "it was read again, or refused")
        finally:
            stop.set()
            thread.join()
        self.assertIsNone(daemon.program.process.poll())

    @staticmethod
    def reloads(daemon):
        return metric(daemon, 'pennon_reloads_total{result="applied"}') + metric(daemon, 'pennon_reloads_total{result="refused"}')

    def test_K09_a_folder_that_is_swapped_like_a_configmap_is_read_whole_each_time(self):
        folder = self.folder("mounted")
        filling = "    # %s\n" % ("x" * 70) * 3_000  # 230 kB between what has to be of one version

        def swap(number):
            version = folder / f"..{number}"
            version.mkdir()
            (version / "pennond.yaml").write_text(f"context:\n  fixed:\n    a: {number}\n{filling}    b: {number}\n")
            (folder / "..data_tmp").symlink_to(version.name)
            os.replace(folder / "..data_tmp", folder / "..data")
            shutil.rmtree(folder / f"..{number - 50}", ignore_errors=True)  # whoever has opened it goes on reading
        swap(0)
        (folder / "pennond.yaml").symlink_to("..data/pennond.yaml")
        daemon = self.bootstrapped(["--config", str(folder / "pennond.yaml")])
        stop, swaps = threading.Event(), itertools.count(1)
        done = [0]

        def swap_on():
            while not stop.is_set():
                done[0] = next(swaps)
                swap(done[0])
        thread = threading.Thread(target=swap_on)
        thread.start()
        try:
            for number in range(count("RELOADS", 20)):
                swapped = done[0]
                daemon.program.process.send_signal(signal.SIGHUP)
                eventually(lambda: self.reloads(daemon) > number, "it was read again")
                eventually(lambda: done[0] > swapped, "it was swapped meanwhile")
        finally:
            stop.set()
            thread.join()
        self.assertEqual(metric(daemon, 'pennon_reloads_total{result="refused"}'), 0, daemon.program.log)
        self.assertGreaterEqual(metric(daemon, 'pennon_reloads_total{result="applied"}'), 4)
        after = re.findall(r'setting=context\.fixed before=\S+ after="(.*?)"(?:\s|$)', daemon.program.log.replace('\\"', "'"))
        self.assertGreaterEqual(len(set(after)), 4, after)
        for one in after:
            seen = re.findall(r"\d+", one)
            self.assertEqual((len(seen), len(set(seen))), (2, 1), one)

    def test_K12_who_still_sends_when_the_last_answer_comes_is_not_cut_off(self):
        daemon = self.bootstrapped(["--workers", "1"])
        clients = [self.raw(daemon), socket.create_connection(daemon.http_address(), timeout=30)]
        self.addCleanup(clients[1].close)
        for client in clients:
            client.sendall(ASK[:30])
        idle = self.raw(daemon)
        idle.sendall(ASK)
        self.assertIn(b"Welcome", idle.recv(65536))  # by the one worker that has the others as well
        daemon.program.process.send_signal(signal.SIGTERM)
        self.assertEqual(read_all(idle), b"")  # it drains
        for client in clients:
            client.sendall(ASK[30:])
        cut = []
        began = time.monotonic()
        while time.monotonic() < began + 1:  # half as long as it is patient
            for client in clients:
                try:
                    client.sendall(b"P")
                except OSError as error:
                    cut.append(repr(error))
            time.sleep(0.02)  # their pace
        for client in clients:
            said = read_all(client)
            self.assertTrue(said.startswith(b"HTTP/1.1 200 ") and b"Connection: close" in said and b"Welcome" in said, said)
            client.close()
        self.assertEqual(cut, [])
        self.assertEqual(daemon.program.process.wait(timeout=60), 0)

    def test_K14_health_tells_what_is_so(self):
        upstream, daemon = self.cached(1)
        daemon.start()  # a cache, no upstream
        self.assertEqual(self.ready(daemon), (200, 200))
        upstream.open()  # both
        eventually(lambda: daemon.environment()["state"] == "live", "it is live")
        self.assertEqual(self.ready(daemon), (200, 200))
        upstream.close()  # the upstream is gone again
        self.wait_mishaps(daemon, 2)
        self.assertEqual(self.ready(daemon), (200, 200))
        nothing = self.start_daemon(upstream, ["--cache-path", "/nowhere/cache.db"], "nothing")  # no disk, no upstream
        self.assertEqual(self.ready(nothing), (200, 503))
        self.assertIn(b"reason", nothing.get("/readyz")[2].replace(b"detail", b"reason"))
        upstream.open()  # no disk
        eventually(lambda: self.ready(nothing) == (200, 200), "it is ready without a disk")
        held = self.raw(daemon)  # draining: what was sent before is answered, and says that it is the end
        held.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        held.recv(4096)
        held.sendall(b"GET /readyz HT")
        daemon.program.process.send_signal(signal.SIGTERM)
        eventually(lambda: not os.path.exists(daemon.socket), "it drains")
        try:
            held.sendall(b"TP/1.1\r\nHost: x\r\n\r\n")
            said = held.recv(4096)
        except OSError:
            said = b""
        self.assertTrue(said == b"" or b" 503 " in said.split(b"\r\n")[0], said)
        held.close()
        self.assertEqual(daemon.program.process.wait(timeout=60), 0)

    def test_K18_caches_of_earlier_and_later_formats_are_taken_or_left(self):
        upstream, daemon = self.cached(2)
        daemon.start()
        daemon.program.end()
        for suffix in ("-wal", "-shm"):
            pathlib.Path(daemon.cache + suffix).unlink(missing_ok=True)

        def alter(statements):
            database = sqlite3.connect(daemon.cache)
            database.executescript(statements)
            database.commit()
            database.close()
        alter("DROP TABLE mark; DROP TABLE usage; DROP TABLE image; ALTER TABLE generation DROP COLUMN signature; PRAGMA user_version=1;")
        daemon.start()
        self.assert_serves(daemon, 2, "cache")
        daemon.program.end()
        alter("PRAGMA user_version=99;")
        daemon.start()
        self.assertEqual(self.ready(daemon), (200, 503))
        self.assertTrue(os.path.exists(daemon.cache + ".aside"))
        upstream.open()
        self.wait_revision(daemon, 2)
        self.assertTrue(daemon.environment()["cache"]["ok"])

    def test_K19_an_unkind_environment_changes_nothing(self):
        for number, (what, options, wrap) in enumerate((
                ("no variables", {"env": {}}, []),
                ("Turkish", {"env": {**os.environ, "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"}}, []),
                ("umask 0", {"preexec_fn": lambda: os.umask(0)}, []),
                ("umask 0777", {"preexec_fn": lambda: os.umask(0o777)}, []),
                ("no standard streams", {}, ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-']),
                ("another folder that is gone", {"preexec_fn": self.vanish}, []),
                ("a user without a name", {}, ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"]))):
            with self.subTest(what):
                if wrap[:1] == ["setpriv"] and os.geteuid() != 0:
                    self.skipTest("only root can become a user without a name")
                folder = self.folder(f"d{number}")
                folder.chmod(0o777)
                os.chmod(self.directory, 0o755)
                path = folder / "pennon.sock"
                child = subprocess.Popen([*wrap, *map(str, self.command(folder, "--bootstrap-file", EXAMPLE))], stderr=subprocess.DEVNULL, **options)
                try:
                    def answered():
                        self.assertIsNone(child.poll(), what)
                        try:
                            return request(UnixHttpConnection(str(path)), "GET", "/readyz")[0] == 200
                        except OSError:
                            return False
                    eventually(answered, what)
                    self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
                    for number_ in range(3):  # 0 to 2 are nothing that a stray message could harm
                        self.assertNotIn("cache.db", os.readlink(f"/proc/{child.pid}/fd/{number_}") if os.path.exists(
                            f"/proc/{child.pid}/fd/{number_}") else "")
                finally:
                    child.terminate()
                    self.assertEqual(child.wait(timeout=60), 0)

    def vanish(self):
        os.makedirs(self.directory + "/gone", exist_ok=True)
        os.chdir(self.directory + "/gone")
        os.rmdir(self.directory + "/gone")
