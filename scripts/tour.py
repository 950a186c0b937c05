"""Asks a daemon for three flags and two users over frames, OFREP and /evaluate, and shows a table.

Exits 1 when two ways in give different answers.
"""
import json
import subprocess
import sys
import urllib.parse

USERS = [{"targetingKey": "user-7", "country": "NO"},
         {"targetingKey": "anna", "country": "US", "account": {"orders": 12}}]
FLAGS = ["new-checkout", "banner", "search-limits"]


def over_frames(pennon, context, flag):
    command = [pennon, "eval", flag, "--json", "--context", json.dumps(context)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)[flag]


def curl(arguments, url, body):
    command = ["curl", "-sS", *arguments, "-H", "Content-Type: application/json",
               "-d", json.dumps(body), url]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main(pennon, socket, port):
    rows = [("USER", "FLAG", "FRAMES", "OFREP (TCP)", "/evaluate (curl --unix-socket)", "REASON")]
    alike = True
    for context in USERS:
        for flag in FLAGS:
            quoted = urllib.parse.quote(flag, safe="")
            frames = over_frames(pennon, context, flag)
            ofrep = curl([], f"http://127.0.0.1:{port}/ofrep/v1/evaluate/flags/{quoted}",
                         {"context": context})
            plain = curl(["--unix-socket", socket], "http://localhost/evaluate",
                         {"context": context, "flag": flag})["evaluations"][flag]
            answers = [json.dumps(answer["value"]) for answer in (frames, ofrep, plain)]
            alike = alike and len(set(answers)) == 1
            rows.append((context["targetingKey"], flag, *answers, frames["reason"]))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print("  every way in gives the same answers" if alike else "  THE ANSWERS DIFFER")
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
