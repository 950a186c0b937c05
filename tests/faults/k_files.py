"""Rows K of a flag set in a file that is edited."""
import json

from fault_test import *


class FileTest(FaultTest):
    def test_K10_of_a_file_only_whole_versions_load_however_it_is_edited(self):
        path = self.folder("edited") / "flags.json"
        text = lambda value: json.dumps({"environment": "production", "flags": {"a": flag(value)}})
        path.write_text(text(1))
        daemon = self.from_file(path)
        eventually(lambda: daemon.flag("a").get("value") == 1, "the file is read")
        seen = set()

        def settle(value):
            eventually(lambda: seen.add(daemon.flag("a")["value"]) or value in seen, lambda: f"{value} is taken: {daemon.environment()}")
        for value, edit in enumerate((self.truncate_and_write, self.rename_over, self.delete_and_create, self.write_in_halves), start=2):
            edit(daemon, path, text(value))
            settle(value)
        path.chmod(0)
        path.chmod(0o644)
        self.rename_over(daemon, path, text(9))
        settle(9)
        self.assertEqual(seen, {1, 2, 3, 4, 5, 9} & seen)
        self.assertEqual(daemon.get("/readyz")[0], 200)

    @staticmethod
    def truncate_and_write(daemon, path, text):
        path.write_text(text)

    @staticmethod
    def rename_over(daemon, path, text):
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").rename(path)

    @staticmethod
    def delete_and_create(daemon, path, text):
        path.unlink()
        eventually(lambda: "lastError" in daemon.environment(), "it is missed")
        path.write_text(text)

    @staticmethod
    def write_in_halves(daemon, path, text):
        with path.open("w") as file:
            file.write(text[:len(text) // 2])
            file.flush()
            eventually(lambda: "lastError" in daemon.environment(), "half a document is refused")
            file.write(text[len(text) // 2:])

    def from_file(self, path, wrap=()):
        return self.start_daemon(None, ["--upstream-kind", "file", "--upstream-file", str(path), "--upstream-poll-interval", "200ms",
                                        "--upstream-retry-max", "500ms", "--upstream-stale-after", "1h"], "from-file", wrap=wrap)

    def test_K11_without_inotify_a_file_is_looked_at_now_and_then(self):
        path = self.folder("unwatched") / "flags.json"
        text = lambda value: json.dumps({"environment": "production", "flags": {"a": flag(value)}})
        path.write_text(text(1))
        daemon = self.from_file(path, wrap=["unshare", "--user", "--map-root-user", "sh", "-c",
                                            'echo 0 > /proc/sys/user/max_inotify_instances && exec "$0" "$@"'])
        for value in (2, 3):
            self.rename_over(daemon, path, text(value))
            eventually(lambda: daemon.flag("a").get("value") == value, lambda: f"{value} is taken: {daemon.environment()}")
