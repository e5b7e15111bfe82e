#!/usr/bin/env python3
"""The db area of ./dev bench: our writer queue and readers beside Go's database/sql and two designs on plain SQLite.

Every sample of ours is followed by one of each peer. What is a row, and what is in a figure: bench/README.md.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

from stores import DB_LOAD, ROOT, Store, build_go, cost_of_sync, file_system, folder_on_disk, run, spread_of

ROUNDS = int(os.environ.get("MCDSL_BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("MCDSL_BENCH_SECONDS", "3"))
REPETITIONS = 7  # of a Google Benchmark, as in bench/run
PROCESSES, THREADS_OF_PROCESS = 4, 16

WRITE_GOALS = {"normal": 0.25, "full": 0.05}
READ_GOAL = 0.125


class Rows:
    """Rows in the order in which they were first added to."""

    def __init__(self):
        self.rows = {}

    def add(self, figure, unit, goal, ours, peer):
        row = self.rows.setdefault((figure, unit), {"figure": figure, "unit": unit, "goal": goal,
                                                    "samples_ours": [], "samples_peer": []})
        row["samples_ours"].append(ours)
        row["samples_peer"].append(peer)

    def add_sum(self, figure, ours, peer):
        """A number that should be 0 in every sample."""
        row = self.finished(figure)
        row["ours"], row["peer"], row["n"] = (row["ours"] or 0) + ours, (row["peer"] or 0) + peer, row["n"] + 1

    def add_worst(self, figure, ours, peer):
        """The largest of all samples: a median would hide what is asked for."""
        row = self.finished(figure)
        row.setdefault("samples", []).append(ours)
        row["ours"], row["peer"], row["n"] = max(row["samples"]), max(row["peer"] or 0, peer), len(row["samples"])
        row["spread"] = spread_of(row["samples"])
        row["ratio"] = row["ours"] / row["peer"] if row["peer"] else None

    def add_difference(self, figure, ours, peer):
        """How much ours is above the peer, sample by sample. The difference may be 0: its spread is told in peers."""
        differences = [a - b for a, b in zip(ours, peer)]
        self.finished(figure).update(
            ours=statistics.median(differences), n=len(differences),
            spread=(max(differences) - min(differences)) / statistics.median(peer))

    def finished(self, figure):
        return self.rows.setdefault((figure, None), {"figure": figure, "ours": None, "peer": None, "ratio": None,
                                                     "goal": None, "spread": 0.0, "n": 0})

    def print(self):
        for row in self.rows.values():
            print(json.dumps(row), flush=True)


class Bench:
    def __init__(self, folder):
        self.rows = Rows()
        self.ours = Store("ours", [DB_LOAD, "ours"])
        self.connections = Store("a connection per thread", [DB_LOAD, "connections"])
        mutex = Store("one connection and a mutex", [DB_LOAD, "mutex"])
        self.go = [Store("Go, modernc", [build_go(folder, "go_modernc", "", "0")]),
                   Store("Go, cgo", [build_go(folder, "go_cgo", "cgo_driver,libsqlite3", "1")])]
        self.peers = [*self.go, self.connections, mutex]

    def writers(self, synchronous):
        name, goal = f"64 writers {synchronous.upper()}", WRITE_GOALS[synchronous]
        ours, *others = [run(store, "write", synchronous, SECONDS) for store in (self.ours, *self.peers)]
        for peer, theirs in zip(self.peers, others):
            self.rows.add(f"{name}, against {peer.name}", "us a transaction", goal if peer in self.go else None,
                          gap(ours, "writers"), gap(theirs, "writers"))
        for peer, theirs in zip(self.peers, others):
            self.rows.add_worst(f"{name}, worst wait (ours under 50), against {peer.name}, ms",
                                ours["writers"]["worst_ms"], theirs["writers"]["worst_ms"])
        for peer, theirs in zip(self.peers, others):
            self.rows.add(f"{name}, most over least of a thread, against {peer.name}", "times", None,
                          unfairness(ours), unfairness(theirs))
        self.add_errors(name, ours, others)

    def readers(self):
        name = "8 readers beside a writer"
        ours, *others = [run(store, "read", "normal", SECONDS) for store in (self.ours, *self.peers)]
        for peer, theirs in zip(self.peers, others):
            self.rows.add(f"{name}, against {peer.name}", "us a read", READ_GOAL if peer in self.go else None,
                          gap(ours, "readers"), gap(theirs, "readers"))
        for peer, theirs in zip(self.peers, others):
            self.rows.add_worst(f"{name}, worst read (ours under 30), against {peer.name}, ms",
                                ours["readers"]["worst_ms"], theirs["readers"]["worst_ms"])
        for peer, theirs in zip(self.peers, others):
            self.rows.add(f"{name}, the writer, against {peer.name}", "us a transaction", None,
                          gap(ours, "writers"), gap(theirs, "writers"))
        self.add_errors(name, ours, others)

    def processes(self, synchronous):
        name = f"4 processes x 16 writers {synchronous.upper()}"
        against = f"against {self.connections.name}"
        ours, theirs = [run(store, "write", synchronous, SECONDS, PROCESSES, THREADS_OF_PROCESS)
                        for store in (self.ours, self.connections)]
        self.rows.add(f"{name}, {against}", "us a transaction", None, gap(ours, "writers"), gap(theirs, "writers"))
        self.rows.add_worst(f"{name}, worst wait (ours under 3,000), {against}, ms",
                            ours["writers"]["worst_ms"], theirs["writers"]["worst_ms"])
        self.rows.add(f"{name}, most over least of a thread, {against}", "times", None,
                      unfairness(ours), unfairness(theirs))
        self.add_errors(name, ours, [theirs])

    def copy(self, load):
        """The peer's writer has a connection of its own, and its copy is VACUUM INTO and no more."""
        name, against = f"copy of 300 MB under a {load} writer", "against VACUUM INTO"
        ours, theirs = [run(store, load, "normal", SECONDS) for store in (self.ours, self.connections)]
        self.rows.add_worst(f"{name}, worst write (ours under 100), {against}, ms",
                            worst_stall(ours), worst_stall(theirs))
        self.rows.add_worst(f"{name}, worst write before the copy, {against}, ms",
                            ours["before"]["worst_ms"], theirs["before"]["worst_ms"])
        self.rows.add(f"{name}, the copy, {against}", "ms", None,
                      ours["copy_seconds"] * 1e3, theirs["copy_seconds"] * 1e3)
        for when, words in (("meanwhile", "largest log meanwhile"), ("after", "log afterwards")):
            self.rows.add_worst(f"{name}, {words}, {against}, MB", ours[f"wal_{when}"], theirs[f"wal_{when}"])
        self.add_errors(name, ours, [theirs])

    def add_errors(self, name, ours, others):
        self.rows.add_sum(f"{name}, failed or lost (ours 0), against all peers together",
                          *(sum(one["failures"] + one["lost"] for one in side) for side in ([ours], others)))

    def alone(self, folder):
        """What one caller pays for the library, from db_bench: in CPU time, and with the waits for the disk in it."""
        command = [ROOT / "build/release/bin/db_bench", f"--benchmark_repetitions={REPETITIONS}",
                   "--benchmark_enable_random_interleaving=true", "--benchmark_min_time=0.05",
                   "--benchmark_format=json"]
        report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                                           env=os.environ | {"TMPDIR": str(folder)}).stdout)
        samples = {}
        for one in report["benchmarks"]:
            if one["run_type"] == "iteration":
                figure, side = re.fullmatch(r"(.*)/(ours|peer)(?:/iterations:\d+)?", one["run_name"]).groups()
                for time, unit in (("cpu_time", "us CPU"), ("real_time", "us")):
                    samples.setdefault((figure, unit), {}).setdefault(side, []).append(one[time] / 1000)
        for (figure, unit), sides in sorted(samples.items()):  # they ran in random order
            for pair in zip(sides["ours"], sides["peer"]):
                self.rows.add(f"{figure}, against plain SQLite", unit, None, *pair)
            if unit == "us CPU":  # by the clock the disk's moods are larger than the difference
                limit = " (at most 5)" if "write" in figure else ""
                self.rows.add_difference(f"{figure}, more than plain SQLite{limit}, {unit}",
                                         sides["ours"], sides["peer"])


def gap(result, role):
    """Microseconds from one operation of all threads to the next."""
    return result["seconds"] / max(result[role]["operations"], 1) * 1e6


def unfairness(result):
    return result["writers"]["most"] / max(result["writers"]["least"], 1)


def worst_stall(result):
    """Of a write while the file is copied or afterwards, when the log that has grown is written back."""
    return max(result[phase]["worst_ms"] for phase in ("meanwhile", "after"))


def main():
    with folder_on_disk() as name:
        folder = pathlib.Path(name)
        bench = Bench(folder)
        kind, source = file_system(folder)
        print(f"    database files are in {folder.parent} ({kind} on {source})", file=sys.stderr, flush=True)
        for where, is_new in (("in a log used again", False), ("in a log that grows", True)):
            syncs = cost_of_sync(folder, is_new)
            bench.rows.finished(f"fdatasync of 4 KiB on {kind}, {where}, us").update(
                ours=statistics.median(syncs), spread=spread_of(syncs), n=len(syncs))
        bench.alone(folder)
        for _ in range(ROUNDS):
            bench.writers("normal")
            bench.writers("full")
            bench.readers()
            bench.processes("normal")
            bench.processes("full")
            bench.copy("steady")
            bench.copy("busy")
        bench.rows.print()


if __name__ == "__main__":
    main()
