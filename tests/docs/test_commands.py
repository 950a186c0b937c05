"""Every command of the manual runs, page by page, and prints what the page says."""
import pathlib
import tempfile
import unittest

import markdown
import shell
from markdown import ROOT


class Commands(unittest.TestCase):
    """One test for each page, made below."""


def make(page):
    def test(self):
        self.assertGreater(shell.follow(page), 0)
    return test


for page_with_commands in markdown.manual():
    if any(block.info[:1] == ["sh"] for block in markdown.blocks(page_with_commands)):
        label = str(page_with_commands.relative_to(ROOT)).replace("/", "_").removesuffix(".md").replace("-", "_")
        setattr(Commands, f"test_{label}", make(page_with_commands))


class TheCheckerItself(unittest.TestCase):
    """A wrong page is found."""

    def follow(self, text):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.md"
            page.write_text(text)
            return shell.follow(page)

    def test_a_page_that_is_right_passes(self):
        self.assertEqual(self.follow("```sh\npennon eval banner -k anna\n```\n```output\n…Welcome…\n```\n"), 1)

    def test_a_command_that_there_is_not_fails(self):
        with self.assertRaisesRegex(shell.WrongPage, "page.md:1: exit code"):
            self.follow("```sh\npennon evaluate-please banner\necho goes on\n```\n")

    def test_an_output_that_is_not_printed_fails(self):
        shell.GIVE_UP_SECONDS, kept = 5, shell.GIVE_UP_SECONDS
        try:
            with self.assertRaisesRegex(shell.WrongPage, "wanted"):
                self.follow("```sh\npennon eval banner -k anna\n```\n```output\nfarewell\n```\n")
        finally:
            shell.GIVE_UP_SECONDS = kept

    def test_an_example_does_not_run(self):
        self.assertEqual(self.follow("```console\nfalse\n```\n"), 0)


if __name__ == "__main__":
    unittest.main()
