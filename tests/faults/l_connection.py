"""Rows L of connections: slow, silent and many callers."""
import errno
import signal
import socket
import subprocess
import time

from local_test import *


class ConnectionTest(LocalTest):
    def test_L03_who_never_reads_is_disconnected_and_costs_bounded_memory(self):
        daemon = self.bootstrapped(["--limits-write-timeout", "400ms", "--limits-output", "64KiB"])
        for make, data in ((self.raw, ping(1, b"x" * 1000) * 50), (self.raw, ASK * 50), (self.tcp, ASK * 50)):
            client = make(daemon)
            client.settimeout(1)
            sent = 0
            with self.assertRaises((BrokenPipeError, ConnectionResetError)):
                while sent < 200 << 20:
                    try:
                        sent += client.send(data)
                    except TimeoutError:
                        pass
            self.assert_well(daemon)
        self.assertLess(peak_memory(daemon.program.process), 128 << 20)

    def test_L04_many_that_send_a_byte_now_and_then_are_ended_and_others_answered(self):
        size = count("SLOW_CLIENTS", 200)
        daemon = self.bootstrapped(["--limits-message-timeout", "2s"])
        slow = []
        for number in range(size):
            slow.append(self.raw(daemon))
            slow[-1].sendall(HELLO[:1] if number % 2 else b"P")
        client = self.frames(daemon)
        client.hello("production")
        ended = 0
        for step in range(1, 10**6):
            for number, one in enumerate(slow):
                if one is None:
                    continue
                try:
                    one.sendall((HELLO if number % 2 else ASK)[step % 10 + 1:step % 10 + 2])
                except OSError:
                    ended += 1
                    one.close()
                    slow[number] = None
            self.assertEqual(client.evaluate("banner", {})["value"], "Welcome")
            if ended == size:
                break
            time.sleep(0.1)  # their pace
        self.assertEqual(ended, size)

    def test_L05_who_reads_a_byte_now_and_then_is_disconnected(self):
        daemon = self.bootstrapped(["--limits-write-timeout", "500ms", "--limits-output", "64KiB"])
        client = self.raw(daemon)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.setblocking(False)
        closed = False
        deadline = time.monotonic() + 60
        while not closed and time.monotonic() < deadline:
            try:
                client.send(ping(1, b"x" * 60_000))
            except BlockingIOError:
                pass
            except OSError:
                closed = True
            try:
                client.recv(1)
            except BlockingIOError:
                pass
            time.sleep(0.05)  # its pace
        self.assertTrue(closed)
        self.assert_well(daemon)

    def test_L06_connections_beyond_the_limit_are_closed_and_none_is_leaked(self):
        daemon = self.bootstrapped(["--limits-connections", "50"])
        before = open_descriptors(daemon.program.process)
        # One at a time: what was refused closes at once, what was taken answers.
        held = []
        refused = 0
        for _ in range(count("CONNECTIONS", 300)):
            client = self.raw(daemon)
            try:
                client.sendall(ping(1))
                if client.recv(100):
                    held.append(client)
                    continue
            except OSError:
                pass
            refused += 1
            client.close()
        self.assertLessEqual(len(held), 50)
        self.assertGreaterEqual(len(held), 40)
        self.assertLess(open_descriptors(daemon.program.process), before + 60)
        for client in held:
            client.close()
        for _ in range(count("CONNECTIONS", 300)):  # comes and goes
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            client.connect_ex(daemon.socket)
            client.close()
        eventually(lambda: self.answers(daemon), "others are answered")
        self.wait_descriptors(daemon, before)
        self.assertGreaterEqual(next(one for one in daemon.status()["listeners"] if one["name"] == "unix")["refused"], refused)

    def test_L14_a_subscriber_that_does_not_read_gets_the_newest_or_the_end(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        client = self.frames(daemon)
        client.hello("production")
        told = client.subscribe()
        self.assertEqual(next(told)["revision"], 1)
        before = peak_memory(daemon.program.process)
        last = 1 + count("SWAPS", 12)
        for revision in range(2, last + 1):
            upstream.publish(revision, {"a": flag(revision)})
            self.wait_revision(daemon, revision)
        seen = [1]
        while seen[-1] != last:
            seen.append(next(told)["revision"])
        self.assertEqual(seen, sorted(seen))
        self.assertLess(peak_memory(daemon.program.process) - before, 32 << 20)

    def test_L14_a_subscriber_that_stops_reading_costs_bounded_memory_and_catches_up_or_has_ended(self):
        upstream = self.upstream()
        keys = [f"{number:03}-" + "k" * 196 for number in range(300)]  # an event names them all
        whole = lambda revision: dict.fromkeys(keys, flag(revision)) | {"a": flag(revision)}
        upstream.publish(2, whole(2))
        output = 64 << 10
        daemon = self.live(upstream, [*POLL, "--limits-output", "64KiB", "--limits-write-timeout", "1h"], revision=2)
        client, others = self.frames(daemon), self.frames(daemon)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.hello("production")
        others.hello("production")
        told = client.subscribe()
        self.assertEqual(next(told)["revision"], 2)
        last, most = 2 + count("STALLED_SWAPS", 40), 0
        for revision in range(3, last + 1):
            upstream.publish(revision, whole(revision))
            eventually(lambda: others.evaluate("a", {})["value"] == revision, f"{revision} is answered to others")
            most = max(most, metric(daemon, "pennon_buffered_bytes"))
        self.assertLess(most, 4 * output)  # the limit, and an event that is given to who has left nothing unread
        seen = [2]
        try:
            while seen[-1] != last:
                seen.append(next(told)["revision"])
        except ConnectionResetError:
            pass  # it has ended; what came before was whole
        self.assertTrue(all(earlier < later for earlier, later in zip(seen, seen[1:])), seen)
        self.assertLess(len(seen), (last - 2) // 2, seen)
        again = self.frames(daemon)
        again.hello("production")
        self.assertEqual(next(again.subscribe())["revision"], last)

    def test_L16_a_full_backlog_costs_a_caller_its_default_at_the_deadline_and_no_more(self):
        daemon = self.bootstrapped()
        process = daemon.program.process
        ask = lambda timeout: subprocess.run([BIN / "pennon", "--socket", daemon.socket, "--environment", "production",
                                              "--timeout", str(timeout), "eval", "banner"], capture_output=True, text=True, timeout=60)
        self.assertIn("Welcome", ask(5000).stdout)
        process.send_signal(signal.SIGSTOP)
        waiting = []
        try:
            while True:
                client = socket.socket(socket.AF_UNIX)
                client.setblocking(False)
                waiting.append(client)
                if client.connect_ex(daemon.socket) == errno.EAGAIN:
                    break
                self.assertLess(len(waiting), 20_000)
            began = time.monotonic()
            self.assertNotIn("Welcome", ask(300).stdout)
            self.assertLess(time.monotonic() - began, 10)
            later = subprocess.Popen([BIN / "pennon", "--socket", daemon.socket, "--environment", "production", "--timeout", "30000",
                                      "eval", "banner"], stdout=subprocess.PIPE, text=True)
        finally:
            process.send_signal(signal.SIGCONT)
            for client in waiting:
                client.close()
        self.assertIn("Welcome", later.communicate(timeout=60)[0])

    def test_L19_places_that_cannot_be_a_socket_are_refused_at_the_configuration(self):
        for path in ("/tmp/" + "x" * 120, "", "none/s.sock", "/proc/self/root/none/s.sock", "/dev/null/s", "/proc/s.sock"):
            refused = subprocess.run([BIN / "pennond", "--environment", "e", "--cache-path", "", "--socket-path", path, "--http-enabled", "false"],
                                     capture_output=True, text=True, timeout=30, cwd=self.directory)
            self.assertEqual(refused.returncode, 78, (path, refused.stderr))
            self.assertEqual(len(refused.stderr.strip().splitlines()), 1, refused.stderr)

    def test_L20_a_crowd_that_comes_back_at_once_after_a_restart_is_served(self):
        daemon = self.bootstrapped(["--limits-connections", "2000", "--limits-connections-per-user", "2000"])
        size = count("CROWD", 300)
        daemon.program.kill()
        daemon.start()
        crowd = [self.raw(daemon) for _ in range(size)]
        for client in crowd:
            client.sendall(ping(1, b"here"))
        for client in crowd:
            self.assertEqual(self.frame_from(client)[2], b"here")
