"""Looks for secrets in logs: every one that a suite met, in everything that the services wrote beside it."""

import collections
import json
import re
from urllib.parse import quote

# What a run of all suites has to have met: where one of these is missing, the search for it was blind.
KINDS = {"password", "one-time code", "secret of one-time codes", "bearer token", "csrf token", "SSO code", "SSO state", "key of cookies",
         "cookie __Host-mcq_session", "cookie __Host-mcq_pre", "cookie __Host-mcq_sso"}
SHORTEST = 8  # characters of a secret that is not found by chance
MIDDLE = 24  # characters of a long secret that stand for it, so that it is found where a line cuts it off
LOOKS_LIKE_A_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}")  # RFC 7519: the base64url of {" in front

Secret = collections.namedtuple("Secret", "kind value")


def is_code(value):
    return re.fullmatch(r"\d{6}", value) is not None


def is_searched(secret):
    return len(secret.value) >= SHORTEST or is_code(secret.value)


def is_in(secret, text):
    """Whether a log has it, as it is or as URLs, quoted text and JSON write it."""
    value = secret.value
    if is_code(value):  # not six digits of a longer figure
        return re.search(rf"(?<![\w.]){value}(?![\w.])", text) is not None
    if len(value) >= 2 * MIDDLE:
        begin = (len(value) - MIDDLE) // 2
        value = value[begin:begin + MIDDLE]
    return any(form in text for form in (value, quote(value, safe=""), json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]))


def kinds_in(text, secrets):
    found = {secret.kind for secret in secrets if is_searched(secret) and is_in(secret, text)}
    return found | ({"what looks like a bearer token"} if LOOKS_LIKE_A_TOKEN.search(text) else set())


def keys_of(folder):
    """The keys with which a service seals its cookies."""
    return [Secret("key of cookies", word) for file in folder.rglob("web.keys") for word in file.read_text().split() if len(word) >= 32]


def search(tally, suite, secrets, logs):
    """Fails for each kind that is in a log. The log is named, the secret is not."""
    for log in logs:
        text = log.read_text(errors="replace")
        found = kinds_in(text, secrets)
        for kind in sorted(found):
            tally.fail("secrets", f"{suite}: a {kind} is in {log.name}")
        tally.checks += len({secret.kind for secret in secrets} - found)


def check_search(tally, secrets, log, scratch):
    """The search finds one secret of each kind, planted in a copy of a log: as it is, in a URL, and in a line that is cut off."""
    clean = log.read_text(errors="replace")
    for secret in {secret.kind: secret for secret in secrets if is_searched(secret)}.values():
        cut = secret.value[:max(len(secret.value) * 3 // 4, 2 * MIDDLE)]
        for planted in (secret.value, quote(secret.value, safe=""), cut):
            scratch.write_text(f'{clean}time=2026-01-02T03:04:05.678Z level=info msg=request path="/x?y={planted}" status=200\n')
            if secret.kind in kinds_in(scratch.read_text(), secrets):
                tally.checks += 1
            else:
                tally.fail("secrets", f"the search does not find a {secret.kind} that is planted in a log")
    scratch.unlink(missing_ok=True)
