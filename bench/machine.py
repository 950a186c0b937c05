"""What figures were measured on and with: they are worth little without it."""
import datetime
import os
import platform
import re
import subprocess

PROGRAMS = {"compiler": ["c++", "--version"], "nginx": ["nginx", "-v"], "node": ["node", "--version"],
            "sqlite": ["sqlite3", "--version"], "pennon": ["git", "describe", "--always", "--dirty"]}


def first_match(path, pattern):
    try:
        with open(path, encoding="utf-8") as file:
            found = re.search(pattern, file.read(), re.M)
    except OSError:
        return "unknown"
    return found[1].strip() if found else "unknown"


def version(command):
    try:
        ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    except OSError:
        return "not here"
    line = ran.stdout.partition("\n")[0]
    found = re.search(r"\d+(\.\d+)+[^\s()]*", line)
    return found[0] if found else line


def machine():
    memory = first_match("/proc/meminfo", r"^MemTotal:\s+(\d+) kB")
    return {"date": datetime.date.today().isoformat(),
            "processor": first_match("/proc/cpuinfo", r"^model name\s*:(.*)"), "processors": os.cpu_count(),
            "memoryGiB": round(int(memory) / 2**20) if memory.isdigit() else None,
            "system": first_match("/etc/os-release", r'^PRETTY_NAME="(.*)"'), "kernel": platform.release(),
            "versions": {name: version(command) for name, command in PROGRAMS.items()}}
