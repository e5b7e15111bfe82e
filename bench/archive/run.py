#!/usr/bin/env python3
"""The archive area of ./dev bench: create and restore beside GNU tar with zstd on all cores.

Every sample of ours is followed by one of the peer. What is in a figure: bench/README.md.
"""

import json
import os
import pathlib
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LOAD = ROOT / "build/release/bin/archive_load"
ROUNDS = int(os.environ.get("MCDSL_BENCH_ROUNDS", "3"))
MB = 1_000_000
WORDS = [b"service", b"request", b"error", b"handler", b"listener", b"certificate", b"timeout", b"GET", b"POST",
         b"/v1/notes/", b"status=200", b"status=404", b"duration=", b"level=info", b"level=warn", b"user="]


def text(chance, size):
    """A log as services write it: words, numbers and times."""
    lines, length = [], 0
    while length < size:
        line = b"time=2026-01-31T12:%02d:%02d.%03dZ " % (chance.randrange(60), chance.randrange(60),
                                                         chance.randrange(1000))
        line += b" ".join(chance.choice(WORDS) for _ in range(8)) + b" id=%x\n" % chance.getrandbits(64)
        lines.append(line)
        length += len(line)
    return b"".join(lines)[:size]


def make_database(path, chance, size):
    database = sqlite3.connect(path)
    database.executescript("PRAGMA journal_mode = WAL; CREATE TABLE notes (id INTEGER PRIMARY KEY, slug TEXT UNIQUE, "
                           "body TEXT)")
    body = text(chance, 4 * MB).decode()
    rows = size // 900
    database.executemany("INSERT INTO notes (slug, body) VALUES (?, ?)",
                         ((f"{chance.getrandbits(64):x}", body[(start := chance.randrange(3 * MB)):start + 700])
                          for _ in range(rows)))
    database.commit()
    database.close()


def make_tree(folder, with_database):
    """300 MB: logs, blobs that do not compress, thousands of small files, and 50 MB that are a database or its text."""
    chance = random.Random(4711)
    folder.mkdir()
    for number in range(5):
        (folder / f"service-{number}.log").write_bytes(text(chance, 20 * MB))
    for number in range(20):
        blob = folder / "blobs" / f"{number % 4}" / f"{number}.bin"
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(chance.randbytes(5 * MB))
    for number in range(5000):
        note = folder / "notes" / f"{number % 100:02}" / f"{number}.md"
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_bytes(text(chance, 10_000))
    if with_database:
        make_database(folder / "notes.db", chance, 50 * MB)
    else:
        (folder / "notes.txt").write_bytes(text(chance, 50 * MB))


class Timed:
    """A command, by the clock and by the CPU time of all its processes."""

    def __init__(self, command, **more):
        used, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        self.output = subprocess.run(command, check=True, **more).stdout
        self.seconds = time.perf_counter() - start
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def ours(*arguments):
    one = Timed([LOAD, *arguments], stdout=subprocess.PIPE, text=True)
    one.seconds, one.kib = float(one.output.split()[0]), int(one.output.split()[1])
    return one


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.samples = {}
        self.memory = {}

    def add(self, figure, goal, mine, peer, unit="s"):
        row = self.samples.setdefault((figure, unit), {"figure": figure, "unit": unit, "goal": goal,
                                                       "samples_ours": [], "samples_peer": []})
        row["samples_ours"].append(mine)
        row["samples_peer"].append(peer)

    def add_both(self, figure, goal, mine, peer):
        self.add(figure, goal, mine.seconds, peer.seconds)
        self.add(figure, None, mine.cpu, peer.cpu, "s CPU")

    def remember(self, what, kib):
        self.memory.setdefault(what, []).append(kib / 1024)

    def create(self):
        archive, by_tar = self.folder / "ours.tar.zst", self.folder / "tar.tar.zst"
        for file in (archive, by_tar):
            file.unlink(missing_ok=True)
        os.sync()
        mine = ours("create", self.folder / "service", archive)
        self.remember("create", mine.kib)
        os.sync()
        peer = Timed(["tar", "-I", "zstd -T0 -3", "-cf", by_tar, "-C", self.folder / "plain", "."])
        self.add_both("create 300 MB with a database of 50 MB, against tar -I 'zstd -T0 -3' without one", 0.75, mine, peer)
        start = time.perf_counter()
        with by_tar.open("rb") as file:
            os.fsync(file.fileno())
        self.add("the same, and the peer's file is synced too", None, mine.seconds,
                 peer.seconds + time.perf_counter() - start)
        # What is left to win: packed by nobody, hashed by nobody, written nowhere.
        floor = Timed(["zstd", "-T0", "-3", "-qc", self.folder / "plain.tar"], stdout=subprocess.DEVNULL)
        self.add_both("zstd -T0 -3 alone, from one file to nowhere, against that tar", None, floor, peer)

    def restore(self):
        archive, mine_to, peer_to = (self.folder / name for name in ("ours.tar.zst", "restored", "extracted"))
        for target in (mine_to, peer_to):
            shutil.rmtree(target, ignore_errors=True)
        os.sync()
        mine = ours("restore", archive, mine_to)
        self.remember("restore", mine.kib)
        peer_to.mkdir()
        os.sync()
        peer = Timed(["tar", "-I", "zstd", "-xf", archive, "-C", peer_to])
        self.add_both("restore, verified and synced, against tar -x", 1.2, mine, peer)
        self.add("the same, and what tar wrote is synced too", None, mine.seconds,
                 peer.seconds + Timed(["sync", "-f", peer_to]).seconds)
        mine = ours("verify", archive)
        self.remember("verify", mine.kib)
        peer = Timed(["tar", "-I", "zstd", "-tf", archive], stdout=subprocess.DEVNULL)
        self.add_both("verify, against tar -t, which checks nothing", None, mine, peer)

    def print(self):
        for row in self.samples.values():
            print(json.dumps(row), flush=True)
        for what, samples in self.memory.items():
            print(json.dumps({"figure": f"largest resident memory of {what}, MiB (at most 64)", "ours": max(samples),
                              "peer": None, "ratio": None, "goal": None,
                              "spread": (max(samples) - min(samples)) / statistics.median(samples),
                              "n": len(samples)}), flush=True)


def main():
    # On a disk, never in memory, and beside the build, where there is room.
    with tempfile.TemporaryDirectory(prefix="archive-bench-", dir=ROOT / "build") as name:
        folder = pathlib.Path(name)
        make_tree(folder / "service", True)
        make_tree(folder / "plain", False)
        subprocess.run(["tar", "-cf", folder / "plain.tar", "-C", folder / "plain", "."], check=True)
        bench = Bench(folder)
        for number in range(ROUNDS + 1):
            if number == 1:  # the first round only fills the caches
                bench.samples.clear()
                bench.memory.clear()
            bench.create()
            bench.restore()
            print(f"    round {number} of {ROUNDS}", file=sys.stderr, flush=True)
        bench.print()


if __name__ == "__main__":
    main()
