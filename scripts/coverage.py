"""Prints the line coverage of each package from the counters that the tests of a coverage build left behind."""

import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile


def counters(build):
    """Every (file, line, times run) that gcov reports below a build folder, paths as in the repository."""
    root = pathlib.Path.cwd()
    data = sorted(str(path.resolve()) for path in pathlib.Path(build).rglob("*.gcda"))
    if not data:
        sys.exit(f"coverage: no counters below {build}; were the tests run?")
    with tempfile.TemporaryDirectory() as scratch:
        command = ["gcov", "--json-format", "--preserve-paths", *data]
        subprocess.run(command, cwd=scratch, check=True, capture_output=True)
        for report in pathlib.Path(scratch).glob("*.gcov.json.gz"):
            with gzip.open(report) as stream:
                document = json.load(stream)
            for entry in document["files"]:
                file = (pathlib.Path(document["current_working_directory"]) / entry["file"]).resolve()
                if file.is_relative_to(root):
                    for line in entry["lines"]:
                        yield file.relative_to(root), line["line_number"], line["count"]


def is_measured(file):
    test_suffixes = ("_test", "_bench", "_fuzz")
    return file.parts[0] == "mcdsl" and not file.stem.endswith(test_suffixes)


def main():
    runs = collections.defaultdict(collections.Counter)
    for file, line, count in counters(sys.argv[1]):
        if is_measured(file):
            runs[file][line] += count
    packages = collections.defaultdict(lambda: [0, 0])
    for file, lines in runs.items():
        tally = packages[file.parts[1]]
        tally[0] += sum(1 for count in lines.values() if count > 0)
        tally[1] += len(lines)
    print(f"{'package':<12} {'lines':>7} {'run':>7}  share")
    for package, (run, total) in sorted(packages.items()):
        print(f"{package:<12} {total:>7} {run:>7}  {100 * run / total:5.1f} %")
    run, total = (sum(tally[i] for tally in packages.values()) for i in (0, 1))
    print(f"{'all':<12} {total:>7} {run:>7}  {100 * run / total:5.1f} %")


if __name__ == "__main__":
    main()
