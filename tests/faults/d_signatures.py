"""Rows D of sets that are signed."""
import json
import subprocess

from document_test import *


class SignatureTest(DocumentFixture):
    def signing_store(self):
        """A store that signs, a daemon's arguments to trust it, and what fetches its body, and then as another key signs it."""
        folder, keys = self.folder("keys"), {}
        for name in ("key", "other"):
            keys[name] = subprocess.run([BIN / "pennon-store", "keygen", folder / name], check=True, capture_output=True, text=True).stdout
        (folder / "pub").write_text(keys["key"])
        store = self.start_store(arguments=["--signing-key-file", str(folder / "key")])
        headers = {"Authorization": "Bearer " + pathlib.Path(store.key_file).read_text().strip()}
        fetch = lambda: request(store.connection(), "GET", "/sync/v1/flagset", headers=headers)[2]

        def fetch_of_another():
            store.program.end()
            store.arguments[-1] = str(folder / "other")
            store.start()
            return fetch()
        return store, [*POLL, "--report-interval", "100ms", "--upstream-public-key-file", str(folder / "pub")], fetch, fetch_of_another

    def forgeries(self, body, by_another):
        """{what: (body, why it is refused)} of what whoever has not the key can make of a signed one."""
        first, *lines = body.splitlines()
        signed = json.loads(first)
        forged = lambda change={}, lines=lines: b"\n".join([json.dumps({**signed, **change}).encode(), *lines]) + b"\n"
        named = lambda lines: [(f'{one["kind"]} {one["key"]}', text) for one, text in ((json.loads(text), text) for text in lines)]
        self.assertEqual(set_digest(named(lines)), signed["digest"])  # else the digests below would not fit either
        altered = [text.replace(b'"Welcome"', b'"Welcomf"') for text in lines]
        self.assertNotEqual(altered, lines)
        fewer = [text for text in lines if b'"key":"banner"' not in text]
        self.assertEqual(len(fewer), len(lines) - 1)
        unsigned = {key: value for key, value in signed.items() if key != "signature"}
        self.assertEqual(by_another.split(b'"signature"')[0], body.split(b'"signature"')[0])
        return {"of another key": (by_another, "signature"), "none": (b"\n".join([json.dumps(unsigned).encode(), *lines]) + b"\n", "signature"),
                "empty": (forged({"signature": ""}), "signature"), "cut": (forged({"signature": signed["signature"][:-6]}), "signature"),
                "altered": (forged({"signature": ("A" if signed["signature"][0] != "A" else "B") + signed["signature"][1:]}), "signature"),
                "no text": (forged({"signature": 7}), "signature"),
                "of another revision": (forged({"revision": signed["revision"] + 1}), "signature"),
                "of another epoch": (forged({"epoch": signed["epoch"] + 1}), "signature"),
                "of another environment": (forged({"environment": "staging"}), "environment"),
                "an altered line": (forged(lines=altered), "digest"),
                "an altered line with its digest": (forged({"digest": set_digest(named(altered))}, altered), "signature"),
                "a line less with its digest": (forged({"digest": set_digest(named(fewer)), "flags": signed["flags"] - 1}, fewer), "signature")}

    def test_D23_what_is_not_signed_by_the_store_never_comes_in_force(self):
        _, trusting, fetch, fetch_of_another = self.signing_store()
        signed = fetch()
        upstream = self.upstream()
        for number, (what, (body, why)) in enumerate(self.forgeries(signed, fetch_of_another()).items()):
            with self.subTest(what):
                self.send(upstream, body)
                stranger = self.start_daemon(upstream, trusting, name=f"stranger-{number}")
                self.wait_mishaps(stranger, 1)
                self.assertEqual(stranger.environment()["state"], "not-ready")
                self.assertIn(why, stranger.environment()["lastError"])
                self.send(upstream, signed)  # as the store sent it, it is taken: nothing else was wrong
                eventually(lambda: stranger.environment()["state"] == "live", stranger.environment)
                self.assertEqual(stranger.flag("banner")["value"], "Welcome")
                self.assertEqual(stranger.program.terminate(), 0)

    def test_D23_a_daemon_keeps_the_set_that_the_store_signed_when_others_come_or_an_older_one(self):
        store, trusting, fetch, fetch_of_another = self.signing_store()
        older = fetch()
        revision = store.configure("banner", {"default": {"variant": "sale"}})
        newer = fetch()
        before = json.loads(older.splitlines()[0])["revision"]
        self.assertLess(before, revision)
        upstream = self.upstream()
        self.send(upstream, older)
        daemon = self.start_daemon(upstream, trusting)
        self.wait_revision(daemon, before)
        for what, (body, why) in self.forgeries(newer, fetch_of_another()).items():
            with self.subTest(what):
                self.refuse(upstream, daemon, body, why)
                self.assertEqual(daemon.flag("banner")["value"], "Welcome")
        self.send(upstream, newer)
        self.wait_revision(daemon, revision)
        value = daemon.flag("banner")["value"]
        self.assertNotEqual(value, "Welcome")
        self.refuse(upstream, daemon, older, "older than what is here")
        self.assertEqual(daemon.flag("banner")["value"], value)
