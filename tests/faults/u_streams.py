"""Row U17: many daemons that are told of changes, while changes come as fast as the store takes them."""
import concurrent.futures
import functools
import json
import pathlib
import re
import select
import socket
import threading

from fault_test import *

FLAGS = ("new-checkout", "banner", "search-limits", "legacy-export")  # each has an editor of its own
ID = re.compile(rb"^id: \d+\.(\d+)$", re.M)
DATA = re.compile(rb"^data: (.*)$", re.M)
STREAM_BYTES = (256 if IS_SANITIZED else 64) << 10
SLACK_BYTES = (64 if IS_SANITIZED else 24) << 20  # what edits alone take
UNREAD_BYTES = (4 << 20) + STREAM_BYTES  # kMaxOutputBytes of net/worker_pool.h: who has more to read is disconnected


def anonymous_memory(process):
    return int(re.search(r"RssAnon:\s+(\d+) kB", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) * 1024


@functools.lru_cache(1024)
def parsed(event):
    """(revision, since, {flag: edit}) of the bytes that all streams get; `since` is None of what is no delta, a sign of life is None."""
    found = ID.search(event)
    if not found:
        return None
    since, edits = None, {}
    if b"event: delta" in event:
        head, *lines = map(json.loads, DATA.findall(event))
        since, edits = head["since"], {line["key"]: line["metadata"]["edit"] for line in lines}
    return int(found[1]), since, edits


class Streams:
    """Event streams of a store, read by one thread."""

    def __init__(self, store, size):
        self.epoll = select.epoll()
        self.sockets, self.pieces, self.last, self.events = {}, {}, {}, {}  # by descriptor
        self.told = set()  # (revision, flag, edit)
        self.wrong = []
        self.ended = threading.Event()
        for _ in range(size):
            one = subscribed(store)
            number = one.fileno()
            self.sockets[number], self.pieces[number], self.last[number], self.events[number] = one, b"", 0, 0
            self.epoll.register(one, select.EPOLLIN)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.ended.is_set():
            for number, _ in self.epoll.poll(0.1):
                piece = self.sockets[number].recv(65536)
                if not piece:
                    self.wrong.append(f"the stream that was told of {self.last[number]} has ended")
                    self.epoll.unregister(number)
                *events, self.pieces[number] = (self.pieces[number] + piece).split(b"\n\n")
                for event in events:
                    self.take(number, parsed(event))

    def take(self, number, event):
        if event is None:
            return
        revision, since, edits = event
        before = self.last[number]
        if revision <= before:
            self.wrong.append(f"revision {revision} after {before}")
        if since is not None and since != before:
            self.wrong.append(f"a delta from {since} to who was told of {before}")
        self.told.update((revision, flag, edit) for flag, edit in edits.items())
        self.last[number] = revision
        self.events[number] += 1

    def all_have(self, revision):
        return all(last == revision for last in self.last.values()) or self.wrong

    def close(self):
        self.ended.set()
        self.thread.join()
        for one in self.sockets.values():
            one.close()
        self.epoll.close()


def subscribed(store, receive_bytes=None):
    """A connection that has asked for the stream."""
    key = pathlib.Path(store.key_file).read_text().strip()
    one = socket.socket()
    if receive_bytes:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    one.settimeout(60)
    one.connect(("127.0.0.1", store.port))
    one.sendall(f"GET /sync/v1/stream HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
    return one


class StreamsTest(FaultTest):
    def streaming(self, readers, silent, **options):
        """A store with so many streams, some of which nobody reads, and its memory before."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        if readers + silent + 500 > hard:
            self.skipTest(f"{readers + silent} streams need more than {hard} descriptors")
        store = self.start_store(**options)
        self.edit(store, 1)
        before = anonymous_memory(store.program.process)
        streams = Streams(store, readers)
        self.addCleanup(streams.close)
        for _ in range(silent):
            self.addCleanup(subscribed(store, 1).close)
        eventually(lambda: self.figure(store, "streams") == readers + silent, lambda: f"{readers + silent} streams are open: {self.figure(store, 'streams')}")
        return store, streams, before

    @staticmethod
    def figure(store, name):
        return int(re.search(rf"^pennon_store_{name} (\d+)$", request(store.connection(), "GET", "/metrics")[2].decode(), re.M)[1])

    def edit(self, store, edits, padding=""):
        """Changes all flags so often, each one change after the other: {(flag, edit): its revision}, as acknowledged."""
        def change(flag):
            said = {}
            for edit in range(1, edits + 1):
                status, answered = store.api("PATCH", f"/flags/{flag}", {"metadata": {"edit": edit, "padding": f"{edit} {padding}"}})
                self.assertEqual(status, 200, answered)
                said[flag, edit] = answered["revisions"]["production"]
            return said
        with concurrent.futures.ThreadPoolExecutor(len(FLAGS)) as pool:
            return {key: revision for said in pool.map(change, FLAGS) for key, revision in said.items()}

    def assert_told_rightly(self, streams, said):
        """Each delta that anybody got says of a flag what its last edit up to that revision was."""
        for revision, flag, edit in streams.told:
            right = max(other for (key, other), at in said.items() if key == flag and at <= revision)
            self.assertEqual(edit, right, f"{flag} in a delta of revision {revision}")

    def test_U17_many_streams_are_told_of_the_last_of_many_changes_and_cost_little(self):
        size = count("STREAMS", 300)
        silent = size // 10
        store, streams, before = self.streaming(size - silent, silent)
        edits = count("EDITS", 60)
        said = self.edit(store, max(edits // len(FLAGS), 2))
        newest = max(said.values())
        self.assertEqual(len(set(said.values())), len(said))  # a revision for each edit
        eventually(lambda: streams.all_have(newest), lambda: f"all have {newest}: {sorted(set(streams.last.values()))}")
        self.assertEqual(streams.wrong[:5], [])
        self.assert_told_rightly(streams, said)
        most = max(streams.events.values())
        self.assertLessEqual(most, len(said) + 1)  # the first one says what there was before
        cost = anonymous_memory(store.program.process) - before
        self.assertLess(cost, size * STREAM_BYTES + SLACK_BYTES)
        print(f"{size} streams, {silent} of them never read, {len(said)} edits: {min(streams.events.values())} to {most} events each, "
              f"{cost // size} bytes a stream", flush=True)

    def edit_largely(self, store, streams):
        """Twelve edits, each an event of nearly the size from which on it only says that there is something; who reads is told."""
        said = self.edit(store, 3, "x" * 50_000)
        eventually(lambda: streams.all_have(max(said.values())), "who reads is told")

    @slow
    def test_U17_a_stream_that_takes_nothing_is_ended_by_the_deadline_and_edits_go_on(self):
        silent = count("SILENT_STREAMS", 30)
        store, streams, before = self.streaming(5, silent, arguments=["--limits-write-timeout", "2s"])
        process = store.program.process
        # Until the kernel takes no more, and more waits in the store than edits alone take; far less than ends a stream by itself.
        while anonymous_memory(process) - before < SLACK_BYTES + (silent << 18) and self.figure(store, "connections") > 6:
            self.edit_largely(store, streams)
        eventually(lambda: self.figure(store, "connections") == 6, lambda: f"{self.figure(store, 'connections')} connections, of which one asks")
        self.edit_largely(store, streams)
        eventually(lambda: self.figure(store, "streams") == 5, lambda: f"{self.figure(store, 'streams')} streams, of which 5 are read")
        self.assertEqual(streams.wrong[:5], [])
        eventually(lambda: anonymous_memory(process) - before < SLACK_BYTES, lambda: f"the memory comes back: {anonymous_memory(process) - before}")

    @slow
    def test_U17_streams_that_nobody_reads_are_bounded_together_and_the_store_goes_on(self):
        limit = 4 << 20
        store, streams, _ = self.streaming(0, 30, arguments=["--limits-write-timeout", "1h", "--limits-memory", str(limit)])

        def is_refused():
            self.edit_largely(store, streams)
            self.assertLessEqual(self.figure(store, "buffered_bytes"), limit // 2)
            return self.figure(store, "buffers_refused_total")
        eventually(is_refused, "those that hold too much are ended")
        self.assertLess(self.figure(store, "connections"), 31)
        self.edit_largely(store, streams)

    @slow
    def test_U17_a_stream_that_nobody_reads_costs_a_bounded_amount_however_long_it_may_stay(self):
        silent = count("SILENT_STREAMS", 30)
        store, streams, before = self.streaming(5, silent, arguments=["--limits-write-timeout", "1h"])
        process, most = store.program.process, 0

        def none_is_left():
            nonlocal most
            self.edit_largely(store, streams)
            most = max(most, anonymous_memory(process) - before)
            return self.figure(store, "streams") == 5
        eventually(none_is_left, lambda: f"the silent ones are ended: {self.figure(store, 'streams')} are open")
        self.assertEqual(streams.wrong[:5], [])
        self.assertLess(most, silent * UNREAD_BYTES + SLACK_BYTES)
        eventually(lambda: anonymous_memory(process) - before < SLACK_BYTES, lambda: f"the memory comes back: {anonymous_memory(process) - before}")
        print(f"{silent} streams that are never read: {most // silent} bytes each at most", flush=True)
