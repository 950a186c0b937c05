"""What the pages say is there: links, settings, options, log events and alerts. Reads files, and asks the programs for --help."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import markdown
from markdown import ROOT

sys.path.append(str(ROOT / "bench"))
import page as figures  # noqa: E402

BIN = ROOT / os.environ.get("PENNON_BIN", "build/dev/bin")
RUNBOOK = ROOT / "docs/operations.md"
FENCES = {"sh", "console", "output", "json", "yaml", "cpp", "cmake", "c", "text", "python", "ini"}


def name(page):
    return page.relative_to(ROOT)


def broken_links(page):
    broken = []
    for line, target in markdown.links(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists():
            broken.append(f"{page}:{line}: {target}: no such file")
        elif anchor and anchor not in markdown.anchors(there):
            broken.append(f"{page}:{line}: {target}: no such heading")
    return broken


class Pages(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        self.assertEqual([fault for page in markdown.pages() for fault in broken_links(page)], [])

    def test_a_link_that_leads_nowhere_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.md"
            page.write_text("# A heading\n[here](#a-heading) [there](gone.md) [deep](page.md#gone) `[code](x.md)`\n")
            self.assertEqual(broken_links(page), [f"{page}:2: gone.md: no such file",
                                                  f"{page}:2: page.md#gone: no such heading"])

    def test_every_page_of_the_manual_is_in_its_index(self):
        listed = {pathlib.Path(target).name for index in (ROOT / "docs/README.md", ROOT / "README.md")
                  for _, target in markdown.links(index)}
        missing = [page.name for page in (ROOT / "docs").glob("*.md")
                   if page.name not in listed | {"README.md"}]
        self.assertEqual(missing, [])

    def test_every_block_says_what_it_is(self):
        wrong = [f"{name(page)}:{block.line}: ```{' '.join(block.info)}"
                 for page in markdown.manual() for block in markdown.blocks(page)
                 if block.info and (block.info[0] not in FENCES or block.info[1:] not in ([], ["background"]))]
        self.assertEqual(wrong, [])


def settings_of(yaml_file):
    """The keys of a settings file, as upstream.url; of a commented example nothing."""
    found, section = set(), ""
    for line in (ROOT / yaml_file).read_text().splitlines():
        key = re.match(r"( *)([a-z_]+):(.*)", line)
        if key and not key[1]:
            section = key[2]
            if key[3].strip():
                found.add(key[2])
        elif key:
            found.add(f"{section}.{key[2]}")
    return found


def options(program, *command):
    text = subprocess.run([BIN / program, *command, "--help"], check=True, capture_output=True, text=True).stdout
    return text, set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


class Settings(unittest.TestCase):
    """The settings files, the parsers' --help and docs/daemon.md name the same settings."""
    FILE_ONLY = {"environments", "sources", "defaults", "context.fixed", "context.headers", "peers.environments"}
    OWN = {"--help", "--version", "--config", "--check-config", "--print-config"}

    def test_the_daemon_has_the_settings_of_its_file(self):
        wanted = {"--" + re.sub(r"[._]", "-", key) for key in settings_of("config/pennond.yaml") - self.FILE_ONLY}
        self.assertEqual(options("pennond")[1] - self.OWN, wanted)

    def test_the_store_has_the_settings_of_its_file(self):
        wanted = {"--" + re.sub(r"[._]", "-", key) for key in settings_of("config/pennon-store.yaml")}
        self.assertEqual(options("pennon-store")[1] - self.OWN, wanted)

    def test_the_page_of_the_daemon_has_the_settings_of_its_file(self):
        table = re.findall(r"^\| `([a-z_.]+)` \|", (ROOT / "docs/daemon.md").read_text().split("\n## ")[1], re.M)
        self.assertEqual(set(table), settings_of("config/pennond.yaml"))


class ManualPages(unittest.TestCase):
    """docs/man names every command and option that --help names, and no other."""

    def named(self, page):
        text = (ROOT / "docs/man" / page).read_text().replace("\\_", "_")
        return text, set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))

    def test_of_the_programs(self):
        for program, section in (("pennon", 1), ("pennon-store", 8), ("pennond", 8)):
            with self.subTest(program):
                text, named = self.named(f"{program}.{section}.md")
                help_text, real = options(program)
                commands = re.findall(r"^  ([a-z]+) {2,}", help_text.partition("Subcommands:")[2], re.M)
                for command in commands:
                    self.assertTrue(f"**{command}" in text, f"the page leaves out {program} {command}")
                    deeper, own = options(program, command)
                    real |= own
                    for word in re.findall(r"^  ([a-z]+) {2,}", deeper.partition("Subcommands:")[2], re.M):
                        self.assertTrue(f"**{command} {word}**" in text, f"it leaves out {command} {word}")
                        real |= options(program, command, word)[1]
                self.assertEqual(named - real, set(), "the page names what there is not")
                if program == "pennon":
                    self.assertEqual(real - named - self.SHORT, set(), "the page leaves out")
                else:
                    wanted = {option for command in commands for option in options(program, command)[1]}
                    self.assertEqual(wanted - named, set(), "the page leaves out")

    SHORT = {"--key", "--attribute", "--comment"}  # which the page has by their letters


class Figures(unittest.TestCase):
    """docs/performance.md has a place for each table that bench/page.py makes."""

    def test_every_table_has_its_place(self):
        self.assertEqual([name for name, _ in figures.PART.findall(figures.PAGE.read_text())], list(figures.PARTS))

    def test_a_table_takes_the_place_of_the_one_before_and_leaves_the_words(self):
        text = "before\n<!-- made: run -->\n\nold\n\n<!-- end -->\nafter\n"
        filled = figures.fill(text, {"run": "new\n"})
        self.assertEqual(filled, text.replace("old", "new"))
        self.assertEqual(figures.fill(filled, {"run": "new\n"}), filled)

    def test_places_that_are_not_the_tables_are_refused(self):
        for text in ("", "<!-- made: run -->\n", "<!-- made: run -->\n<!-- made: run -->\n<!-- end -->\n",
                     "<!-- made: run -->\n<!-- end -->\n<!-- end -->\n", "<!-- made: ways -->\n<!-- end -->\n"):
            with self.subTest(text), self.assertRaises(ValueError):
                figures.fill(text, {"run": "new\n"})

    def test_every_picture_is_on_the_page(self):
        shown = {target for _, target in markdown.links(figures.PAGE)}
        self.assertEqual({f"images/{name}.svg" for name in figures.PICTURES} - shown, set())


class Runbook(unittest.TestCase):
    """Whatever wakes somebody up is in docs/operations.md."""

    def events(self):
        sources = subprocess.run(["git", "ls-files", "daemon/*.cpp", "store/*.cpp", "net/*.cpp", "base/*.cpp",
                                  "serving/*.cpp"], cwd=ROOT, check=True, capture_output=True, text=True)
        found = set()
        for source in sources.stdout.split():
            text = (ROOT / source).read_text()
            calls = re.findall(r'(?:\.|->)(?:Warn|Error)\(\s*(?:"([^"]+)"|(event)\b)', text)
            found |= {literal for literal, _ in calls if literal}
            if any(variable for _, variable in calls):
                found |= set(re.findall(r'NoteFailure\([^"]*?, "([^"]+)"\)', text))
        return found

    def test_has_every_log_event_from_warning_on(self):
        events = self.events()
        self.assertGreater(len(events), 25)
        text = RUNBOOK.read_text()
        self.assertEqual([event for event in sorted(events) if f"`{event}`" not in text], [])

    def test_has_no_event_that_is_not_logged(self):
        table = re.findall(r"^\| `([^`]+)` \|", RUNBOOK.read_text().partition("## Log events")[2], re.M)
        self.assertGreater(len(table), 25)
        self.assertEqual(sorted(set(table) - self.events()), [])

    def test_has_what_the_daemons_page_calls_worth_an_alert(self):
        worth = re.search(r"Worth an alert:(.*?)\n\n", (ROOT / "docs/daemon.md").read_text(), re.S)[1]
        conditions = re.findall(r"`([^`]+)`", worth)
        self.assertGreater(len(conditions), 5)
        alerts = RUNBOOK.read_text().partition("## Alerts")[2].partition("\n## ")[0]
        self.assertEqual([one for one in conditions if f"`{one}`" not in alerts], [])

    def test_has_every_alert_of_the_rules(self):
        alerts = [alert for rules in ROOT.glob("packaging/**/alerts.yaml")
                  for alert in re.findall(r"- alert: (\w+)", rules.read_text())]
        text = RUNBOOK.read_text()
        self.assertEqual([alert for alert in alerts if f"`{alert}`" not in text], [])


if __name__ == "__main__":
    unittest.main()
