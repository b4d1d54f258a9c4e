"""Verifies deliveries with the standardwebhooks package: a list of jobs in, for each whether it is
good out, both JSON. `webhooks.rs` sends them.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages"))

from standardwebhooks import Webhook, WebhookVerificationError


def verify(job):
    try:
        Webhook(job["secret"]).verify(job["body"], job["headers"])
        return True
    except WebhookVerificationError:
        return False


json.dump([verify(job) for job in json.load(sys.stdin)], sys.stdout)
