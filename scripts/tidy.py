"""Runs clang-tidy over every source in a build's compile commands, several at a time.

A file that was clean is not looked at again until it, a header it includes, its flags, the checks or clang-tidy
itself change: the cache holds, per file, the headers of the last clean run and a digest of all that mattered.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import pathlib
import shlex
import subprocess
import sys
import time

CLANG_TIDY = "clang-tidy-19"
# In tests and benchmarks the framework's macros make style findings slow and noisy; what finds defects stays.
TEST_CHECKS = "-readability-*,-modernize-*,-misc-*,-cppcoreguidelines-*,-google-*,-performance-unnecessary-value-param,-concurrency-mt-unsafe"
TEST_SUFFIXES = ("_test", "_bench", "_fuzz")


@functools.cache
def fingerprint(path):
    """A file's digest; for those outside the repository, which packages own, size and time stand for the content."""
    file = pathlib.Path(path)
    if file.is_relative_to(pathlib.Path.cwd()):
        return hashlib.sha256(file.read_bytes()).hexdigest()
    status = file.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


def digest_of(entry, headers, common):
    try:
        parts = [common, entry["command"], entry["file"]] + [f"{h} {fingerprint(h)}" for h in headers]
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
    return sorted({str((pathlib.Path(entry["directory"]) / name).resolve()) for name in names})


def checked(entry, build, cache, common):
    """None for a clean file, otherwise what clang-tidy said."""
    source = pathlib.Path(entry["file"])
    record = cache / (hashlib.sha256(entry["file"].encode()).hexdigest()[:32] + ".json")
    if record.exists():
        known = json.loads(record.read_text())
        if known["digest"] == digest_of(entry, known["headers"], common):
            return None
    command = [CLANG_TIDY, "-p", build, "--quiet", entry["file"]]
    if source.stem.endswith(TEST_SUFFIXES):
        command.insert(1, f"--checks={TEST_CHECKS}")
    started = time.monotonic()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"    {source.relative_to(pathlib.Path.cwd())} {time.monotonic() - started:.1f} s", flush=True)
    if run.returncode != 0:
        return run.stdout or run.stderr
    headers = headers_of(entry)
    record.write_text(json.dumps({"digest": digest_of(entry, headers, common), "headers": headers}))
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
