"""The checks of a client that is a process of its own, counted by what it prints."""

import subprocess

LONGEST = 1000  # characters of what is told of a check that fails
TIMEOUT = 300  # seconds until a client that has not ended counts as hung


class Tally:
    """The checks of a client, as its lines tell them."""

    def __init__(self):
        self.checks, self.wrong, self.figures = 0, 0, []

    def take(self, client, line):
        if line.startswith("ok "):
            self.checks += 1
        elif line.startswith("figure "):
            self.figures.append(line.removeprefix("figure "))
        elif line.startswith("FAILED "):
            self.fail(client, line.removeprefix("FAILED ").strip())

    def fail(self, client, what):
        self.checks += 1
        self.wrong += 1
        print(f"{client}: {what[:LONGEST]}", flush=True)


def run_client(name, command, folder, setting):
    tally = Tally()
    try:
        done = subprocess.run(command, input=setting, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT,
                              cwd=folder)
    except subprocess.TimeoutExpired as timeout:
        tally.fail(name, f"no end within {TIMEOUT} s: {(timeout.stdout or b'').decode(errors='replace')[-2000:]}")
        return tally
    for line in done.stdout.splitlines():
        tally.take(name, line)
    if done.returncode != 0 or tally.checks == 0:
        tally.fail(name, f"ended with status {done.returncode} after {tally.checks} checks: {done.stderr.strip()[-2000:]}")
    return tally
