"""Attacks of slowhttptest: clients that hold connections by doing everything as slowly as they may.

Each attack must have lost all its connections when the timeouts say so, while it would gladly go on. How a good client
fares meanwhile is printed beside how it fares in peace; that figure is the machine's as much as ours.
"""

import http.client
import subprocess
import threading
import time

TIMEOUT = 3  # seconds: every timeout of the server
LINGER = 2  # a connection that was refused is read for so long, for the answer's sake
SLACK = 2  # for a machine with other work
CONNECTIONS = 500
RATE = 500  # connections a second

# By what is slow: what it asks for, and how many of its connections must stand at once or it was no attack. Each would go
# on for longer than it may; but who asks for ranges is answered at once.
ATTACKS = {
    "slow header": (CONNECTIONS * 3 // 4, "/", "-H", "-i", "1"),
    "slow body": (CONNECTIONS * 3 // 4, "/", "-B", "-i", "1", "-s", "65536"),
    "slow read": (CONNECTIONS * 3 // 4, "/large", "-X", "-n", "1", "-w", "10", "-y", "20", "-z", "5"),
    "ranges": (1, "/large", "-R", "-t", "GET", "-a", "1", "-b", "3000"),
}


class GoodClient:
    """Asks over a new connection every few milliseconds while it lives: how long it takes, how many connections there are."""

    def __init__(self, port):
        self.port, self.stopped = port, False
        self.samples = []  # when, how long the answer took, connections beside our own
        self.failures = 0
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.thread.join()

    def run(self):
        while not self.stopped:
            begin = time.monotonic()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("GET", "/open")
                others = int(connection.getresponse().read()) - 1
                connection.close()
                self.samples.append((begin, time.monotonic() - begin, others))
            except (OSError, http.client.HTTPException, ValueError):
                self.failures += 1
            time.sleep(0.005)

    def p99(self):
        times = sorted(took for _, took, _ in self.samples)
        return times[len(times) * 99 // 100] * 1000 if times else float("nan")


def run_attack(name, port):
    least, path, *options = ATTACKS[name]
    allowed = CONNECTIONS / RATE + TIMEOUT + LINGER + SLACK
    command = ["slowhttptest", *options, "-c", str(CONNECTIONS), "-r", str(RATE), "-l", str(int(allowed + 5)), "-p", "3",
               "-u", f"http://127.0.0.1:{port}{path}"]
    with GoodClient(port) as client:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    most = max((others for _, _, others in client.samples), default=0)
    # The last connection of the good client may not have been closed yet: one does not count.
    held = [when for when, _, others in client.samples if others > 1]
    gone_after = held[-1] - held[0] if held else 0
    wrong = []
    if most < least:
        wrong.append(f"only {most} of its {CONNECTIONS} connections stood at once: this was no attack")
    if gone_after > allowed:
        wrong.append(f"its connections stood for {gone_after:.1f} s, allowed are {allowed:.1f} s")
    if client.failures:
        wrong.append(f"{client.failures} requests of the good client failed")
    for problem in wrong:
        print(f"slowhttptest, {name}: {problem}")
    print(f"slowhttptest, {name}: {most} connections, all gone after {gone_after:.1f} s; "
          f"a good client's p99 was {client.p99():.1f} ms over {len(client.samples)} requests")
    return len(wrong)


def run(port):
    """How many things are not as they should be."""
    with GoodClient(port) as client:
        time.sleep(2)
    peace = client.p99()
    wrong = sum(run_attack(name, port) for name in ATTACKS)
    print(f"slowhttptest: without an attack a good client's p99 is {peace:.1f} ms over {len(client.samples)} requests")
    return wrong
