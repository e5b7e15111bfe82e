"""The stores that are measured, as programs; one load on one of them, and whether it did what it says."""

import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DB_LOAD = ROOT / "build/release/bin/db_load"
TOOL_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/go/bin"])
NO_DISK = ("tmpfs", "ramfs")


def complain(text):
    print(f"db bench: BROKEN: {text}", file=sys.stderr, flush=True)


def file_system(folder):
    """Its type and where it lies, as in ("ext4", "/dev/vda")."""
    command = ["df", "--output=fstype,source", folder]
    return tuple(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")[1].split())


def folder_on_disk():
    """A temporary folder. In one that lies in memory a commit at FULL would cost nothing."""
    for parent in (tempfile.gettempdir(), "/var/tmp", ROOT / "build"):
        if file_system(parent)[0] not in NO_DISK:
            return tempfile.TemporaryDirectory(dir=parent, prefix="mcdsl-db-bench-")
    raise SystemExit("db bench: no temporary folder lies on a disk; set TMPDIR")


def cost_of_sync(folder, is_new, count=200):
    """Microseconds of an fdatasync(2) after 4 KiB: of space that is new, as when SQLite's log grows, or that was there,
    as when the log is used again; a file that grows costs the file system a commit of its own."""
    samples = []
    with open(folder / "sync", "wb", buffering=0) as file:
        if not is_new:
            file.write(bytes(4096 * count))
            os.fsync(file.fileno())
            file.seek(0)
        for _ in range(count):
            file.write(bytes(4096))
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            samples.append((time.perf_counter() - begun) * 1e6)
    return samples


def build_go(folder, name, tags, cgo):
    go = shutil.which("go", path=TOOL_PATH)
    if go is None:
        raise SystemExit("db bench: go is not installed")
    program = folder / name
    subprocess.run([go, "build", "-buildvcs=false", f"-tags={tags}", "-o", program, "."],
                   cwd=ROOT / "bench/peers/go/db", env=os.environ | {"CGO_ENABLED": cgo}, check=True)
    return program


class Store:
    """A way to use SQLite. `command` is a program with what stands before "normal|full SECONDS FILE"."""

    def __init__(self, name, command):
        self.name, self.command = name, command

    def start(self, load, synchronous, seconds, file, *more):
        program, *which = self.command
        return subprocess.Popen([program, load, *which, synchronous, str(seconds), file, *more],
                                stdout=subprocess.PIPE, text=True)


def result_of(process, store):
    output, _ = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"db bench: the load on {store.name} ended with {process.returncode}")
    return json.loads(output)


def rows_in(file):
    """The rows of a database, which must be whole."""
    connection = sqlite3.connect(file)
    try:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            complain(f"{file.name}: {verdict}")
        return connection.execute("SELECT count(*) FROM entries").fetchone()[0]
    finally:
        connection.close()


def merged(seen):
    """What the same role saw in several processes."""
    return {"operations": sum(one["operations"] for one in seen), "failures": sum(one["failures"] for one in seen),
            "worst_ms": max(one["worst_ms"] for one in seen), "least": min(one["least"] for one in seen),
            "most": max(one["most"] for one in seen)}


def run(store, load, synchronous, seconds, processes=1, threads=None):
    """One load on a new database. The result has `lost` too: rows acknowledged and not in the file afterwards."""
    with folder_on_disk() as name:
        file = pathlib.Path(name) / "load.db"
        more = [] if threads is None else [str(threads)]
        filled = 0
        if processes > 1:  # what is measured is the load, not who creates the file
            filled = result_of(store.start(load, synchronous, 0, file, "1"), store)["writers"]["operations"]
        running = [store.start(load, synchronous, seconds, file, *more) for _ in range(processes)]
        results = [result_of(process, store) for process in running]
        result = results[0]
        roles = [role for role in ("writers", "readers", "before", "meanwhile", "after") if role in result]
        for role in roles:
            result[role] = merged([one[role] for one in results])
        filled += result.get("filled", 0)
        written = sum(result[role]["operations"] for role in roles if role != "readers")
        result["failures"] = sum(result[role]["failures"] for role in roles)
        result["lost"] = filled + written - rows_in(file)
        if result["lost"] < 0:
            complain(f"{store.name}, {load}: {-result['lost']} rows that nobody was told of")
        if load in ("steady", "busy"):
            check_copy(store, result, filled, file.with_name("load.db.copy"))
        tell(store, load, synchronous, processes, result, roles)
        return result


def check_copy(store, result, filled, copy):
    """It holds the rows of one moment between the beginning of the copy and its end, give or take one in flight."""
    least = filled + result["before"]["operations"]
    most = least + result["meanwhile"]["operations"]
    rows = rows_in(copy)
    if not least - 1 <= rows <= most + 1:
        complain(f"{store.name}: the copy has {rows} rows, not {least} to {most}")


def tell(store, load, synchronous, processes, result, roles):
    """Shows a load as it ends: a table of medians hides what went wrong once."""
    shape = f"{load} {synchronous}" + (f", {processes} processes" if processes > 1 else "")
    parts = [f"{role}: {seen['operations']:,} done, worst {seen['worst_ms']:.1f} ms, {seen['least']:,} to "
             f"{seen['most']:,} a thread" for role in roles for seen in [result[role]]]
    print(f"    {shape}, {store.name}: {'; '.join(parts)}; {result['failures']} failed, {result['lost']} lost",
          file=sys.stderr, flush=True)
    if store.name == "ours" and (result["failures"] or result["lost"]):
        complain(f"ours, {shape}: {result['failures']} failed, {result['lost']} lost")


def spread_of(samples):
    middle = statistics.median(samples)
    return (max(samples) - min(samples)) / middle if middle else 0.0
