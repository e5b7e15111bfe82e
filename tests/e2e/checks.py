"""The checks of a client: each prints one line, which run.py counts."""

import contextlib
import traceback


@contextlib.contextmanager
def check(fact):
    """What fails within is told and does not keep the checks after it from running."""
    try:
        yield
    except Exception as problem:
        where = traceback.extract_tb(problem.__traceback__)[-1]
        print(f"FAILED {fact}: {type(problem).__name__} at {where.name}:{where.lineno}: {problem}".replace("\n", " "), flush=True)
    else:
        print(f"ok {fact}", flush=True)


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {got!r}, want {wanted!r}")
