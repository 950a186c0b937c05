"""libpennon from another language, against a real daemon: mapped, over frames, and when it is gone."""
import array
import ctypes
import fcntl
import mmap
import os
import pathlib
import signal
import socket
import struct
import threading
import unittest

import libpennon
from harness import ROOT, EndToEndTest, eventually
from frame_client import FrameClient

pennon = libpennon.load()

SEALS = 1034  # F_GET_SEALS
NORDIC = {"targetingKey": "user-9", "country": "NO"}


def banner(variant):
    return {"enabled": True, "rules": [], "default": {"variant": variant}}


class MappedClientTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.store = self.start_store()
        self.daemon = self.start_daemon(self.store)
        eventually(lambda: self.daemon.environment()["source"] == "live", "the daemon has the store's set")

    def client(self, **options):
        client = pennon.Client(socket_path=self.daemon.socket, retry_max_ms=50, **options)
        self.addCleanup(client.close)
        return client

    def mapped(self, **options):
        client = self.client(**options)
        eventually(lambda: client.way == "mapped", "the client maps")
        return client

    def test_mapped_and_frames_answer_alike(self):
        mapped, frames = self.mapped(), self.client(mode=1)
        self.assertEqual(frames.way, "frames")
        for context in ({}, NORDIC, {"targetingKey": "tester-1"}, {"targetingKey": "u", "account": {"orders": 12}}):
            one, other = mapped.all(**context), frames.all(**context)
            for answer in (*one.values(), *other.values()):
                answer.pop("ageMs")
            self.assertEqual(one, other)
            self.assertTrue(one)

    def test_all_flags_are_also_those_that_only_the_configuration_has(self):
        config = self.folder("preset") / "pennond.yaml"
        config.write_text("defaults: {a-first: 1, banner: Hello, greeting: Hello, zero: 0}\n")
        daemon = self.start_daemon(self.store, ["--config", str(config)], name="preset")
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon has the store's set")
        answers = []
        for way, mode in (("mapped", 0), ("frames", 1)):
            client = pennon.Client(socket_path=daemon.socket, mode=mode)
            self.addCleanup(client.close)
            eventually(lambda: client.way == way, f"the client is {way}")
            answers.append(list(client.all(**NORDIC).items()))
        for _, answer in (*answers[0], *answers[1]):
            answer.pop("ageMs")
        self.assertEqual(*answers)
        values = {key: answer["value"] for key, answer in answers[0]}
        self.assertEqual((values["a-first"], values["greeting"], values["zero"]), (1, "Hello", 0))
        self.assertNotEqual(values["banner"], "Hello")

    def test_answers_are_the_same_when_both_sides_spin_and_the_daemon_ends_as_ever(self):
        daemon = self.start_daemon(self.store, ["--spin-us", "1000"], name="spinning")
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon has the store's set")
        sleeping = self.client(mode=1)
        spinning = pennon.Client(socket_path=daemon.socket, mode=1, spin_us=1000)
        self.addCleanup(spinning.close)
        for context in ({}, NORDIC, {"targetingKey": "tester-1"}) * 20:
            one, other = sleeping.all(**context), spinning.all(**context)
            for answer in (*one.values(), *other.values()):
                answer.pop("ageMs")
            self.assertEqual(one, other)
        self.assertEqual(daemon.program.terminate(), 0)
        self.assertEqual(spinning.get("banner", "none"), "none")

    def test_a_new_revision_is_answered_without_asking(self):
        client = self.mapped()
        for variant, value in (("beta", "Welcome to the beta"), ("plain", "Welcome"), ("sale", "Everything at half price")):
            revision = self.store.configure("banner", banner(variant))
            eventually(lambda: client.get("banner", "") == value, f"the client answers {value}")
            self.assertGreaterEqual(client.detail("banner", "")["revision"], revision)

    def test_flags_outlive_the_daemon_and_say_their_age(self):
        client = self.mapped()
        self.daemon.program.kill()
        first = client.detail("new-checkout", False, **NORDIC)
        self.assertEqual((first["value"], first["errorCode"], client.way), (True, "", "mapped"))
        eventually(lambda: client.detail("new-checkout", False, **NORDIC)["ageMs"] > first["ageMs"], "age grows")
        eventually(lambda: client.detail("new-checkout", False, **NORDIC)["stale"], "old answers are stale")
        self.daemon.start()
        eventually(lambda: not client.detail("new-checkout", False, **NORDIC)["stale"], "the next daemon is found")
        self.store.configure("banner", banner("beta"))
        eventually(lambda: client.get("banner", "") == "Welcome to the beta", "and followed")

    def test_a_stopped_daemon_does_not_hold_anybody_up(self):
        client, frames = self.mapped(), self.client(mode=1, timeout_ms=20)
        self.assertTrue(frames.get("new-checkout", False, **NORDIC))
        self.daemon.program.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.daemon.program.process.send_signal, signal.SIGCONT)
        eventually(lambda: "State:\tT" in pathlib.Path(f"/proc/{self.daemon.program.process.pid}/status").read_text(), "it is stopped")
        self.assertTrue(client.get("new-checkout", False, **NORDIC))
        answer = frames.detail("new-checkout", False, **NORDIC)
        self.assertEqual((answer["value"], answer["errorCode"]), (False, "GENERAL"))
        self.assertIn("time", answer["message"])

    def test_a_child_of_a_fork_goes_on(self):
        client, frames = self.mapped(), self.client(mode=1)
        self.assertTrue(frames.get("new-checkout", False, **NORDIC))
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                good = client.get("new-checkout", False, **NORDIC) and frames.get("new-checkout", False, **NORDIC)
                os.write(writer, b"1" if good else b"0")
                eventually(lambda: client.get("banner", "") == "Welcome to the beta", "the child follows")
                os.write(writer, b"2")
            finally:
                os._exit(0)
        os.close(writer)
        self.assertEqual(os.read(reader, 1), b"1")
        self.store.configure("banner", banner("beta"))
        self.assertEqual(os.read(reader, 1), b"2")
        os.waitpid(child, 0)
        os.close(reader)
        eventually(lambda: client.get("banner", "") == "Welcome to the beta", "the parent follows, too")

    def in_child(self, work):
        """Calls `work` in a child of a fork, and with what it says (a byte at a time) this side goes on."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                work(lambda word: os.write(writer, word))
            finally:
                os._exit(0)
        os.close(writer)
        self.addCleanup(os.waitpid, child, 0)
        told = os.fdopen(reader, "rb", buffering=0)
        self.addCleanup(told.close)
        return told

    def test_a_child_that_only_asks_for_all_flags_follows(self):
        client = self.mapped()

        def ask(tell):
            client.all()
            tell(b"1")
            eventually(lambda: client.all()["banner"]["value"] == "Welcome to the beta", "the child follows")
            tell(b"2")
        told = self.in_child(ask)
        self.assertEqual(told.read(1), b"1")
        self.store.configure("banner", banner("beta"))
        self.assertEqual(told.read(1), b"2")

    def test_a_child_that_only_waits_until_it_is_ready_has_a_thread_of_its_own(self):
        client = self.mapped()

        def wait(tell):
            client.wait_ready(1)
            tell(b"2" if len(os.listdir("/proc/self/task")) == 2 else b"1")
        self.assertEqual(self.in_child(wait).read(1), b"2")

    def test_usage_is_reported(self):
        client = self.mapped(report_ms=50)
        before = self.reported()
        context = pennon.Context(**NORDIC)
        for _ in range(5000):
            client.is_on("new-checkout", context)
        eventually(lambda: self.reported() - before >= 5000, lambda: f"5000 are reported: {self.reported() - before}")
        self.assertEqual(self.reported() - before, 5000)

    def test_usage_of_a_parent_is_not_reported_by_its_child_too(self):
        client = self.mapped(report_ms=600_000)
        before = self.reported()
        context = pennon.Context(**NORDIC)
        for _ in range(100):
            client.is_on("new-checkout", context)
        revision = self.store.configure("banner", banner("beta"))  # the counts are those of a set that is gone
        eventually(lambda: client.detail("banner", "")["revision"] == revision, "the client follows")

        def ask(tell):
            client.is_on("new-checkout", context)
            client.close()
            tell(b"1")
        self.assertEqual(self.in_child(ask).read(1), b"1")
        self.assertEqual(self.reported() - before, 1)
        client.close()
        self.assertEqual(self.reported() - before, 101)

    def test_usage_of_mapped_clients_reaches_the_store_by_flag_and_variant(self):
        daemon = self.start_daemon(self.store, ["--report-interval", "200ms"], name="reporting")
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon has the store's set")
        client = pennon.Client(socket_path=daemon.socket, report_ms=50)
        self.addCleanup(client.close)
        eventually(lambda: client.way == "mapped", "the client maps")
        nordic, other = pennon.Context(**NORDIC), pennon.Context(targetingKey="tester-1")
        on = client.is_on("new-checkout", nordic), client.is_on("new-checkout", other)
        for _ in range(999):
            client.is_on("new-checkout", nordic)
        for _ in range(499):
            client.is_on("new-checkout", other)
        client.detail("no-such-flag", 0)
        expected = {"on": 0, "off": 0}
        expected["on" if on[0] else "off"] += 1000
        expected["on" if on[1] else "off"] += 500
        eventually(lambda: self.used("new-checkout") == {name: times for name, times in expected.items() if times},
                   lambda: f"the store has {expected}: {self.used('new-checkout')}")
        self.assertEqual(self.used("no-such-flag"), {})

    def used(self, flag):
        counts = {}
        for hour in self.store.api("GET", f"/environments/production/flags/{flag}/usage")[1].get("hours", []):
            counts[hour["variant"]] = counts.get(hour["variant"], 0) + hour["evaluations"]
        return counts

    def reported(self):
        lines = self.daemon.get("/metrics")[2].decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines
                   if line.startswith("pennon_evaluations_total") and "TARGETING_MATCH" in line.upper())

    def test_memory_that_is_handed_out_cannot_be_changed(self):
        client = FrameClient(self.daemon.socket)
        self.addCleanup(client.close)
        client.hello("production")
        client.socket.sendall(struct.pack("<BBHII", 0xF5, 0x0A, 0, 77, 0))
        data, ancillary, _, _ = client.socket.recvmsg(4096, socket.CMSG_SPACE(4 * 4))
        descriptors = array.array("i", ancillary[0][2])
        self.addCleanup(lambda: [os.close(fd) for fd in descriptors])
        magic, kind, _, _, size, serial, image, defaults = struct.unpack("<BBHIIQQQ", data)
        self.assertEqual((magic, kind, size, defaults, len(descriptors)), (0xF5, 0x8A, 24, 0, 2))
        for fd, length, seals in zip(descriptors, (4096, image), (0x17, 0x0F)):
            self.assertEqual(fcntl.fcntl(fd, SEALS) & seals, seals)
            self.assertEqual(os.fstat(fd).st_size, length)
            with self.assertRaises(OSError):
                mmap.mmap(fd, length, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
            libc = ctypes.CDLL(None, use_errno=True)
            libc.mmap.restype = ctypes.c_void_p
            start = libc.mmap(None, ctypes.c_size_t(length), mmap.PROT_READ, mmap.MAP_SHARED, fd, ctypes.c_long(0))
            self.assertEqual(libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(length), mmap.PROT_READ | mmap.PROT_WRITE), -1)
            libc.munmap(ctypes.c_void_p(start), ctypes.c_size_t(length))
            for forbidden in (lambda: os.pwrite(fd, b"x", 16), lambda: os.ftruncate(fd, 1),
                              lambda: os.ftruncate(fd, length + 4096), lambda: fcntl.fcntl(fd, 1033, 0)):
                self.assertRaises(OSError, forbidden)
        page = mmap.mmap(descriptors[0], 4096, mmap.MAP_SHARED, mmap.PROT_READ)
        self.addCleanup(page.close)
        self.assertEqual(struct.unpack_from("<8sIIQ", page), (b"PNNCTR01", 1, 72, serial))
        self.store.configure("banner", banner("beta"))
        eventually(lambda: struct.unpack_from("<Q", page, 16)[0] != serial, "the page says that there is another")

    def test_without_mapping_a_client_uses_frames(self):
        daemon = self.start_daemon(self.store, ["--socket-mapped", "false"], name="unmapped")
        client = pennon.Client(socket_path=daemon.socket)
        self.addCleanup(client.close)
        self.assertTrue(client.wait_ready(10))
        self.assertEqual(client.way, "frames")
        self.assertTrue(client.get("new-checkout", False, **NORDIC))

    def test_many_threads_see_revisions_only_grow(self):
        client, failures, stop = self.mapped(), [], threading.Event()

        def ask():
            last = 0
            while not stop.is_set():
                answer = client.detail("banner", "")
                if answer["errorCode"] or answer["revision"] < last:
                    failures.append((last, answer))
                last = answer["revision"]

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for i in range(30):
            revision = self.store.configure("banner", banner(("beta", "plain")[i % 2]))
        eventually(lambda: client.detail("banner", "")["revision"] == revision, "the last revision arrives")
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class OtherClientsTest(EndToEndTest):
    def test_a_definitions_file_needs_no_daemon(self):
        client = pennon.Client(definitions_file=str(ROOT / "config" / "example-flags.json"))
        self.addCleanup(client.close)
        self.assertEqual(client.way, "embedded")
        self.assertTrue(client.get("new-checkout", False, **NORDIC))
        self.assertEqual(client.detail("new-checkout", 5, **NORDIC)["errorCode"], "TYPE_MISMATCH")
        self.assertEqual(client.detail("nothing", 5)["value"], 5)

    def test_an_unreadable_definitions_file_is_named_in_the_answer(self):
        client = pennon.Client(definitions_file="/nowhere.json")
        self.addCleanup(client.close)
        answer = client.detail("new-checkout", True)
        self.assertTrue(answer["value"])
        self.assertIn("/nowhere.json", answer["message"])

    def test_without_a_daemon_everything_is_the_default(self):
        client = pennon.Client(socket_path=str(self.folder("none") / "pennon.sock"))
        self.addCleanup(client.close)
        answer = client.detail("new-checkout", True)
        self.assertEqual((answer["value"], answer["reason"], answer["errorCode"]), (True, "ERROR", "GENERAL"))
        self.assertFalse(client.wait_ready(0.02))


if __name__ == "__main__":
    unittest.main()
