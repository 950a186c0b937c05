"""libpennon and a daemon that dies, lies or stops in the middle: a default with its reason, in time, and never a crash."""
import fcntl
import mmap
import os
import signal
import struct
import sys
import threading
import time
import unittest

import libpennon
from harness import ROOT, EndToEndTest, eventually

sys.path.insert(0, str(ROOT / "tests" / "support"))
from hostile_daemon import EVALUATE, HELLO, MAP, SUBSCRIBE, HostileDaemon, frame  # noqa: E402

pennon = libpennon.load()

NORDIC = {"targetingKey": "user-9", "country": "NO"}
TIMEOUT = 300  # milliseconds of a call; a busy machine answers in less
TOO_LATE = 20  # seconds; a client that hangs hangs for ever
ADD_SEALS, CONTROL_SEALS, IMAGE_SEALS = 1033, 0x17, 0x0F
MALFORMED = {  # by the type that is expected
    "garbage": lambda kind, number: b"HTTP/1.1 400 Bad Request\r\n\r\n" * 40,
    "another first byte": lambda kind, number: frame(kind, number, bytes(100), magic=0xF6),
    "another id": lambda kind, number: frame(kind, number + 1, bytes(100)),
    "another type": lambda kind, number: frame(kind + 2, number, b"pong"),
    "an unknown type": lambda kind, number: frame(0x7E, number, b"?"),
    "an empty payload": lambda kind, number: frame(kind, number),
    "a payload of noise": lambda kind, number: frame(kind, number, bytes(range(256)) * 9),
    "an endless count": lambda kind, number: frame(kind, number, bytes(26) + b"\xff" * 4),
    "a size of 4 GiB": lambda kind, number: frame(kind, number, b"x", size=0xFFFFFFFF),
    "a size of 256 MiB": lambda kind, number: frame(kind, number, b"x", size=1 << 28),
    "an error without a text": lambda kind, number: frame(0xFF, number, b"\x07"),
    "half a header": lambda kind, number: frame(kind, number)[:5],
    "half a payload": lambda kind, number: frame(kind, number, b"x" * 10, size=100),
}


def memory(data, seals):
    descriptor = os.memfd_create("hostile", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(descriptor, data)
    if seals:
        fcntl.fcntl(descriptor, ADD_SEALS, seals)
    return descriptor


class HostileDaemonTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.store = self.start_store()
        self.daemon = self.start_daemon(self.store)
        eventually(lambda: self.daemon.environment()["source"] == "live", "the daemon has the store's set")
        self.between = HostileDaemon(self.folder("between") / "pennon.sock", self.daemon.socket)
        self.addCleanup(self.between.close)

    def client(self, **options):
        client = pennon.Client(socket_path=self.between.path, retry_max_ms=20, timeout_ms=TIMEOUT, **options)
        self.addCleanup(client.close)
        return client

    def assert_default(self, client, what):
        began = time.monotonic()
        answer = client.detail("new-checkout", False, **NORDIC)
        self.assertLess(time.monotonic() - began, TOO_LATE, what)
        self.assertEqual((answer["value"], answer["reason"], answer["errorCode"]), (False, "ERROR", "GENERAL"), what)
        self.assertTrue(answer["message"], what)

    def assert_right(self, client, what):
        """At once when it is mapped; over frames a busy machine may be late."""
        if client.way == "mapped":
            self.assertTrue(client.get("new-checkout", False, **NORDIC), what)
        else:
            eventually(lambda: client.get("new-checkout", False, **NORDIC), what)

    def heal(self, client, what):
        self.between.spoil = lambda kind, number, answer, descriptors: (answer, descriptors)
        eventually(lambda: client.get("new-checkout", False, **NORDIC), f"{what}: it is got over")

    def test_answers_that_are_none_are_the_default_with_a_reason_and_are_got_over(self):
        for kind in (HELLO, EVALUATE):
            client = self.client(mode=1)
            for what, answer in MALFORMED.items():
                with self.subTest(what, kind=kind):
                    self.heal(client, "before")
                    if kind == HELLO:
                        self.between.spoil = lambda *_: None
                        client.detail("new-checkout", False)  # the connection is given up
                    self.between.spoil = lambda asked, number, real, handed: (
                        (answer(kind | 0x80, number), []) if asked == kind else (real, handed))
                    self.assert_default(client, what)
                    self.heal(client, what)

    def test_a_mapped_client_keeps_its_flags_whatever_comes_instead_of_frames(self):
        client = self.client(report_ms=20)
        eventually(lambda: client.way == "mapped", "it maps")
        for what, answer in MALFORMED.items():
            with self.subTest(what):
                self.between.spoil = lambda kind, number, real, handed: (answer(kind | 0x80, number), [])
                asked = len(self.between.asked)
                self.store.configure("banner", {"default": {"variant": "sale"}})  # it has to ask for another
                eventually(lambda: len(self.between.asked) > asked + 2, "it is asked")
                self.assert_right(client, what)
                self.assertEqual(client.way, "mapped", what)
        self.between.spoil = lambda *_: None
        self.assert_right(client, "silence")
        self.heal(client, "silence")
        eventually(lambda: client.way == "mapped", "it maps again")

    def test_memory_that_is_not_what_it_should_be_is_not_read_and_frames_answer(self):
        real = {}

        def take(kind, number, answer, descriptors):
            if kind == MAP and answer[1] == 0x8A:
                real["answer"] = answer
                for name, descriptor in zip(("control", "image"), descriptors):
                    size = os.fstat(descriptor).st_size
                    with mmap.mmap(descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ) as bytes_of:
                        real[name] = bytes_of[:]
            return answer, descriptors
        self.between.spoil = take
        first = self.client()
        eventually(lambda: first.way == "mapped", "it maps")
        control, image, size = real["control"], real["image"], len(real["image"])

        def patched(data, offset, form, value):
            changed = bytearray(data)
            struct.pack_into(form, changed, offset, value)
            return bytes(changed)

        good_page, good_image = (control, CONTROL_SEALS), (image, IMAGE_SEALS)
        spoiled = {
            "no descriptors": [],
            "one descriptor": [good_page],
            "more descriptors than said": [good_page, good_image, good_image],
            "the two exchanged": [good_image, good_page],
            "an image that is not sealed": [good_page, (image, 0)],
            "an image that can be written": [good_page, (image, IMAGE_SEALS & ~8)],
            "an image that can shrink": [good_page, (image, IMAGE_SEALS & ~2)],
            "a page that is not sealed": [(control, 0), good_image],
            "a page that can shrink": [(control, CONTROL_SEALS & ~2), good_image],
            "a page that is too small": [(control[:1024], CONTROL_SEALS), good_image],
            "an empty page": [(b"", CONTROL_SEALS), good_image],
            "a page of zeroes": [(bytes(4096), CONTROL_SEALS), good_image],
            "a page of another magic": [(patched(control, 0, "<Q", 7), CONTROL_SEALS), good_image],
            "a page of another version": [(patched(control, 8, "<I", 2), CONTROL_SEALS), good_image],
            "a page of another size": [(patched(control, 12, "<I", 8), CONTROL_SEALS), good_image],
            "an image cut in the middle": [good_page, (image[:size // 2], IMAGE_SEALS)],
            "an empty image": [good_page, (b"", IMAGE_SEALS)],
            "an image of zeroes": [good_page, (bytes(size), IMAGE_SEALS)],
            "an image with a table beyond its end": [good_page, (patched(image, 72, "<I", size), IMAGE_SEALS)],
            "an image of another major version": [good_page, (patched(image, 8, "<H", 999), IMAGE_SEALS)],
        }
        for what, parts in spoiled.items():
            with self.subTest(what):
                handed = [memory(*part) for part in parts]
                self.between.spoil = lambda kind, number, answer, descriptors: (
                    (answer[:4] + struct.pack("<I", number) + real["answer"][8:], handed) if kind == MAP
                    else (answer, descriptors))
                asked = self.between.asked.count(MAP)
                client = self.client()
                eventually(lambda: self.between.asked.count(MAP) > asked, "it asks for the memory")
                eventually(lambda: client.wait_ready(TOO_LATE), what)
                self.assertEqual(client.way, "frames", what)
                self.assert_right(client, what)
                client.close()
                for descriptor in handed:
                    os.close(descriptor)
        self.assertEqual(first.way, "mapped")

    def test_an_image_of_an_unknown_version_takes_the_place_of_none_and_frames_take_over(self):
        client = self.client()
        eventually(lambda: client.way == "mapped", "it maps")

        def newer(kind, number, answer, descriptors):
            if kind != MAP or answer[1] != 0x8A:
                return answer, descriptors
            size = os.fstat(descriptors[1]).st_size
            with mmap.mmap(descriptors[1], size, mmap.MAP_SHARED, mmap.PROT_READ) as image:
                changed = bytearray(image[:])
            struct.pack_into("<H", changed, 8, 999)
            descriptors.append(memory(changed, IMAGE_SEALS))
            return answer, [descriptors[0], descriptors[2]]
        self.between.spoil = newer
        revision = self.store.configure("banner", {"default": {"variant": "sale"}})
        eventually(lambda: client.way == "frames", "it asks over frames")
        eventually(lambda: client.detail("banner", "")["revision"] == revision, "and has the new revision")
        self.between.spoil = lambda kind, number, answer, descriptors: (answer, descriptors)
        self.store.configure("banner", {"default": {"variant": "beta"}})
        eventually(lambda: client.way == "mapped", "it maps again when it can")

    def test_memory_that_was_late_is_asked_for_again_though_nothing_changes(self):
        self.between.spoil = lambda kind, number, answer, descriptors: (
            None if kind == MAP else (answer, descriptors))
        client = self.client()
        eventually(lambda: self.between.asked.count(MAP) > 0, "it asks for the memory")
        self.assert_right(client, "over frames")
        self.between.spoil = lambda kind, number, answer, descriptors: (answer, descriptors)
        eventually(lambda: client.way == "mapped", "it maps as soon as it can")

    def test_a_daemon_stopped_at_any_step_holds_nobody_up(self):
        process = self.daemon.program.process
        self.addCleanup(process.send_signal, signal.SIGCONT)
        for kind in (HELLO, SUBSCRIBE, MAP, EVALUATE):
            with self.subTest(kind=kind):
                def stop(asked, number, answer, descriptors):
                    if asked != kind:
                        return answer, descriptors
                    process.send_signal(signal.SIGSTOP)
                    return answer[:len(answer) // 2], []
                self.between.spoil = stop
                mapped, frames = self.client(report_ms=20), self.client(mode=1)
                began = time.monotonic()
                for client in (mapped, frames):
                    client.wait_ready(0.01)
                    client.detail("new-checkout", False, **NORDIC)
                    client.all(**NORDIC)
                self.assertLess(time.monotonic() - began, TOO_LATE)
                began = time.monotonic()
                mapped.close()
                self.assertLess(time.monotonic() - began, TOO_LATE)
                process.send_signal(signal.SIGCONT)
                self.heal(frames, "stopped")
                frames.close()

    def test_threads_share_one_deadline_while_the_daemon_is_silent(self):
        client = self.client(mode=1)
        self.assert_right(client, "before")
        self.between.spoil = lambda *_: None
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(client.detail("new-checkout", False))) for _ in range(30)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLess(time.monotonic() - began, TOO_LATE)
        self.assertEqual({(one["value"], one["errorCode"]) for one in answers}, {(False, "GENERAL")})


if __name__ == "__main__":
    unittest.main()
