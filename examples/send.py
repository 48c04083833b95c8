#!/usr/bin/env python3
"""Sends one message, with Python's standard library alone, and prints the gateway's answer.

    SMSGW_API=http://127.0.0.1:8080 SMSGW_API_KEY=sg_live_… python3 send.py +447700900123 'Hello' [IDEMPOTENCY_KEY]

The request carries an Idempotency-Key, so it is safe to repeat: however often it is sent, the message is charged and
sent once. Use a key of your own, such as the id of the order, and a run after a crash repeats it as well.
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

TRIES_MAX = 6
TIMEOUT_SECONDS = 30


def post(to, text, idempotency_key):
    """Returns status, seconds to wait and body; status 0 without an answer."""
    request = urllib.request.Request(
        os.environ.get("SMSGW_API", "http://127.0.0.1:8080") + "/v1/messages",
        data=json.dumps({"to": to, "text": text}).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["SMSGW_API_KEY"],
            "Content-Type": "application/json",
            "Idempotency-Key": idempotency_key,
        },
    )
    try:
        try:
            answer = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            return answer.status, int(answer.headers.get("Retry-After", 0)), answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        print("no answer:", error, file=sys.stderr)
        return 0, 0, ""


def is_worth_repeating(status, body):
    """Without an answer it is unknown whether the message was accepted: repeating it with the same key finds out."""
    in_flight = status == 409 and "idempotency-in-flight" in body
    return status in (0, 408, 429) or status >= 500 or in_flight


def main():
    to, text = sys.argv[1:3]
    idempotency_key = sys.argv[3] if len(sys.argv) > 3 else str(uuid.uuid4())
    for tries in range(TRIES_MAX):
        status, retry_after, body = post(to, text, idempotency_key)
        if not is_worth_repeating(status, body):
            break
        if tries + 1 < TRIES_MAX:
            time.sleep(max(retry_after, 2**tries))
    print(body)
    return 0 if status == 202 else 1


if __name__ == "__main__":
    sys.exit(main())
