"""Runs clang-tidy over every source in a build's compile commands, several at a time.

A file that was clean is not looked at again until it, a header it includes, its flags, the checks or clang-tidy
itself change: the cache holds, per file, the headers of its last clean runs and a digest of all that mattered. Nothing
in it names the folder of the repository, so that clones share it, as they share ccache's.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import pathlib
import re
import shlex
import subprocess
import sys
import time

CLANG_TIDY = "clang-tidy-19"
# In tests and benchmarks the framework's macros make style findings slow and noisy; what finds defects stays.
TEST_CHECKS = "-readability-*,-modernize-*,-misc-*,-cppcoreguidelines-*,-google-*,-performance-unnecessary-value-param,-concurrency-mt-unsafe"
TEST_SUFFIXES = ("_test", "_bench", "_fuzz")
ROOT = pathlib.Path.cwd().resolve()
KEPT_RUNS = 4  # of a file: branches take turns


def portable(text):
    """The same in every clone: without the folder of this one."""
    return re.sub(re.escape(str(ROOT)) + r"(?=/|\s|$)", "@", text)


@functools.cache
def fingerprint(name):
    """A file's digest; for those outside the repository, which packages own, size and time stand for the content."""
    if name.startswith("@"):
        return hashlib.sha256((ROOT / name[2:]).read_bytes()).hexdigest()
    status = pathlib.Path(name).stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


def digest_of(entry, headers, common):
    try:
        parts = [common, portable(entry["command"]), portable(entry["file"])]
        parts += [f"{name} {fingerprint(name)}" for name in headers]
    except OSError:  # a header is gone
        return None
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def headers_of(entry):
    """The source and everything it includes, from the compiler's own dependency output."""
    command = shlex.split(entry["command"])
    while not pathlib.Path(command[0]).name.startswith("clang"):
        command.pop(0)  # the compiler launcher
    command = command[: command.index("-o")] + ["-M", entry["file"]]
    output = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True, check=True).stdout
    names = output.split(":", 1)[1].replace("\\\n", " ").split()
    return sorted({portable(str((pathlib.Path(entry["directory"]) / name).resolve())) for name in names})


def clean_runs(record):
    try:
        return json.loads(record.read_text())
    except (OSError, ValueError):  # none yet, or another clone is writing it
        return []


def checked(entry, build, cache, common):
    """None for a clean file, otherwise what clang-tidy said."""
    source = pathlib.Path(entry["file"])
    record = cache / (hashlib.sha256(portable(entry["file"]).encode()).hexdigest()[:32] + ".json")
    runs = clean_runs(record)
    if any(run["digest"] == digest_of(entry, run["headers"], common) for run in runs):
        return None
    command = [CLANG_TIDY, "-p", build, "--quiet", entry["file"]]
    if source.stem.endswith(TEST_SUFFIXES):
        command.insert(1, f"--checks={TEST_CHECKS}")
    started = time.monotonic()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"    {source.relative_to(ROOT)} {time.monotonic() - started:.1f} s", flush=True)
    if run.returncode != 0:
        return run.stdout or run.stderr
    headers = headers_of(entry)
    runs.insert(0, {"digest": digest_of(entry, headers, common), "headers": headers})
    record.write_text(json.dumps(runs[:KEPT_RUNS]))
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)

    version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    common = version + TEST_CHECKS + pathlib.Path(".clang-tidy").read_text()
    commands = json.loads((pathlib.Path(arguments.build) / "compile_commands.json").read_text())
    build_root = str(pathlib.Path("build").resolve())
    entries = [e for e in commands if e["file"].endswith(".cc") and not e["file"].startswith(build_root)]

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for complaint in pool.map(lambda e: checked(e, arguments.build, arguments.cache, common), entries):
            if complaint:
                failed += 1
                print(complaint, flush=True)
    print(f"    {len(entries) - failed} of {len(entries)} files are clean")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
