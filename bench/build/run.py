#!/usr/bin/env python3
"""The build area of ./dev bench: what it costs to build a service of ten RPCs from nothing.

The library is installed from the release build; the service in `service/` is built against that, one job at a time and
without a compiler cache. What is in a figure: bench/README.md.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROUNDS = int(os.environ.get("MCDSL_BENCH_ROUNDS", "3"))
SERVICE = pathlib.Path(__file__).resolve().parent / "service"


def quietly(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"build bench: {' '.join(map(str, command))}\n{done.stdout}")


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    row = {"figure": "build of a service of ten RPCs (60)", "unit": "s CPU", "goal": None, "samples_ours": []}
    with tempfile.TemporaryDirectory() as scratch:
        prefix, build = pathlib.Path(scratch, "prefix"), pathlib.Path(scratch, "build")
        quietly("cmake", "--install", "build/release", "--prefix", prefix)
        for _ in range(ROUNDS):
            before = cpu_seconds()
            quietly("cmake", "--fresh", "-G", "Ninja", "-S", SERVICE, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
                    "-DCMAKE_BUILD_TYPE=Release")
            quietly("cmake", "--build", build, "-j1", "--clean-first")
            row["samples_ours"].append(cpu_seconds() - before)
            print(f"build bench: {row['samples_ours'][-1]:.1f} s", file=sys.stderr)
    print(json.dumps(row))


if __name__ == "__main__":
    main()
