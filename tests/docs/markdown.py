"""Reads the project's Markdown: pages, headings, links and fenced blocks."""
import pathlib
import re
import subprocess
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclass
class Block:
    """A fenced block: `info` are the words after the fence, `line` is that of the fence."""
    info: list
    text: str
    line: int


def pages():
    """Every page of the project that git knows, new ones included."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split() if (ROOT / name).exists()]


def manual():
    """The pages whose commands run: the README, CONTRIBUTING and docs/*.md."""
    return [page for page in pages() if page.parent in (ROOT, ROOT / "docs")]


def blocks(page):
    found, opened = [], None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if opened is None and line.startswith("```"):
            opened = Block(line[3:].split(), "", number)
        elif opened is not None and line.startswith("```"):
            found.append(opened)
            opened = None
        elif opened is not None:
            opened.text += line + "\n"
    if opened is not None:
        raise ValueError(f"{page}:{opened.line}: the block does not end")
    return found


def prose(page):
    """(line number, line) of what is not in a block."""
    inside = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            yield number, line


def anchors(page):
    """The anchors of its headings, made as GitHub makes them."""
    made = {}
    for _, line in prose(page):
        heading = re.match(r"#+ +(.*)", line)
        if heading:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).strip().lower()
            anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            made[anchor] = made.get(anchor, -1) + 1
            if made[anchor]:
                made[f"{anchor}-{made[anchor]}"] = 0
    return set(made)


def links(page):
    """(line number, target) of every link that is not to the web."""
    for number, line in prose(page):
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if not re.match(r"[a-z]+:", target):
                yield number, target
