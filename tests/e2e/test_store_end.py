"""How a store ends: whoever asks in its last moments is answered, and told that it is the end."""
import json
import pathlib
import signal
import socket
import unittest

from harness import GIVE_UP_SECONDS, EndToEndTest, eventually

SWITCH = {"type": "boolean", "variants": [{"key": "on", "value": True}], "default": {"variant": "on"}}
DRAIN = ("--shutdown-drain", "10m")  # the harness would give up


class StoreEndTest(EndToEndTest):
    def begun(self, store, path, token, method="GET"):
        """A connection on which most of a request was sent."""
        connection = socket.create_connection(("127.0.0.1", store.port), timeout=GIVE_UP_SECONDS)
        self.addCleanup(connection.close)
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n".encode())
        return connection

    @staticmethod
    def rest(connection):
        """All that comes until the store ends the connection."""
        with connection:
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def finish(self, connection):
        """Sends what is missing; all that comes then."""
        connection.sendall(b"\r\n")
        return self.rest(connection)

    def stop(self, store):
        """Returns when the store drains."""
        store.program.process.send_signal(signal.SIGTERM)
        eventually(lambda: not store.is_listening(), "nobody listens")

    def test_streams_that_are_asked_for_at_the_end_get_goodbye_and_hold_nothing_up(self):
        store = self.start_store(arguments=DRAIN)
        key = pathlib.Path(store.key_file).read_text().strip()
        late = [self.begun(store, "/sync/v1/stream", key), self.begun(store, "/api/v1/events", store.token)]
        self.stop(store)
        for connection in late:
            self.assertTrue(self.finish(connection).endswith("event: goodbye\ndata: {}\n\n"))
        self.assertEqual(store.program.process.wait(timeout=GIVE_UP_SECONDS), 0)

    def test_the_last_answer_says_that_the_connection_ends(self):
        store = self.start_store(arguments=DRAIN)
        paths = "/livez", "/nothing", "/api/v1/flags", "/api/v1/nothing"
        late = [self.begun(store, path, store.token) for path in paths]
        late.append(self.begun(store, "/api/v1/flags/banner", store.token, "DELETE"))  # by the thread that writes
        self.stop(store)
        for connection in late:
            answer = self.finish(connection)
            self.assertIn("\r\nConnection: close\r\n", answer)
        self.assertEqual(store.program.process.wait(timeout=GIVE_UP_SECONDS), 0)

    def test_a_large_set_that_is_asked_for_at_the_end_is_made_and_sent_whole_to_all_who_wait(self):
        store = self.start_store(arguments=(*DRAIN, "--workers", "1"))
        flags = {f"f{number}": SWITCH for number in range(2000)}
        self.assertEqual(store.api("POST", "/environments/production/import", {"environment": "production", "flags": flags})[0], 200)
        key = pathlib.Path(store.key_file).read_text().strip()
        late = [self.begun(store, "/sync/v1/flagset", key) for _ in range(20)]
        self.stop(store)
        for connection in late:
            connection.sendall(b"\r\n")
        answers = [self.rest(connection) for connection in late]
        head, _, body = answers[0].partition("\r\n\r\n")
        self.assertTrue(head.startswith("HTTP/1.1 200 "), head)
        self.assertIn("\r\nConnection: close", head)
        self.assertLessEqual(flags.keys(), {json.loads(line)["key"] for line in body.splitlines()[1:]})
        self.assertEqual(set(answers), {answers[0]})
        self.assertEqual(store.program.process.wait(timeout=GIVE_UP_SECONDS), 0)


if __name__ == "__main__":
    unittest.main()
