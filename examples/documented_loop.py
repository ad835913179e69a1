#!/usr/bin/env python3
"""The loop that the API's documentation asks for: submit one job, ask for it every 2 s, print where the image is.

    SERIKA_API_KEY=... python3 examples/documented_loop.py "A futuristic city at night"

SERIKA_BASE_URL points it at another server, such as one that `nightjar serve --port 8788` has started:

    SERIKA_BASE_URL=http://127.0.0.1:8788/api/openai/v1 python3 examples/documented_loop.py
"""

import os
import sys
import time

import requests

BASE_URL = os.environ.get("SERIKA_BASE_URL", "https://api.serika.dev/api/openai/v1").rstrip("/")
API_KEY = os.environ.get("SERIKA_API_KEY", "")
MODEL = "tensorart-illustrious-xl-v2-aesthetic"


def main() -> int:
    prompt = " ".join(sys.argv[1:]) or "A futuristic city at night, neon lights, rain"
    api = requests.Session()
    if API_KEY:
        api.headers["Authorization"] = f"Bearer {API_KEY}"

    reply = api.post(
        f"{BASE_URL}/jobs/images",
        json={"model": MODEL, "prompt": prompt, "width": 1024, "height": 1024},
        timeout=30,
    )
    reply.raise_for_status()
    job = reply.json()
    print(job["id"], job["status"], file=sys.stderr)

    while job["status"] not in ("COMPLETED", "FAILED"):
        time.sleep(2)
        reply = api.get(f"{BASE_URL}/jobs/{job['id']}", timeout=30)
        reply.raise_for_status()
        job = reply.json()
        print(job["id"], job["status"], file=sys.stderr)

    if job["status"] == "FAILED":
        print(job.get("error"), file=sys.stderr)
        return 1
    print(job["result"]["url"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
