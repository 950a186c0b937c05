"""One evaluation in the caller's process: our mapped client, and libraries for Node."""
import json

import data
import library
from bench import check_rounds
from load import Waits, interleave, ratio, write_requests
from server import Failed


def in_process(bench):
    """W12: one evaluation in the caller's process. Ours asks the memory that a daemon shares."""
    name = "W12 in the caller's process"
    asked = bench.data.questions
    file = bench.directory / "questions.json"
    file.write_text(json.dumps(bench.data.expected()))
    expected = [flag.expected(context) for flag, context in asked]
    server = bench.start(bench.ours, "mapped", bench.data.flags, socket=True)
    rows = write_requests(bench.directory / "mapped.txt", [bench.ours.single(*question) for question in asked])
    ours = Waits("mapped", server.socket, rows, bench.evaluations * 10)
    loads = {bench.ours.name: ours}
    for library_name in bench.libraries:
        why = library.absence(library_name)
        try:
            made = None if why else library.Library(library_name, bench.data, bench.directory, file, bench.evaluations)
            why = why or data.check(library_name, expected, made.answers)
        except Failed as failure:
            why = str(failure)
        if why:
            bench.report.lack(name, library_name, f"{why}; install: {library.INSTALL}")
        else:
            bench.report.versions[library_name] = made.version
            loads[library_name] = made
    found = interleave(loads, bench.rounds)
    check_rounds(asked, {bench.ours.name: found[bench.ours.name]})
    ours_found = [one["computed"] for one in found.pop(bench.ours.name)]
    bench.report.add(name, "pennond, mapped", ours_found, "ns of CPU")
    for who, rounds in found.items():
        bench.report.add(name, who, rounds, "ns of CPU", ratio(rounds, ours_found))
    server.stop()
    library.stop_all()
