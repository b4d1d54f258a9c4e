"""Signs and verifies with PyJWT: a list of jobs in, a list of answers out, both JSON.

A job with a token is to verify it, one without is to sign claims. `makers.rs` sends them.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages"))

import jwt


def sign(job):
    secret = None if job["alg"] == "none" else job["secret"]
    return jwt.encode(job["claims"], secret, algorithm=job["alg"])


def verify(job):
    # PyJWT knows no clock but the machine's, and the test's stands still.
    options = {
        "verify_exp": False,
        "verify_iat": False,
        "require": ["iss", "sub", "iat", "exp"],
    }
    secret, issuer = job["secret"], job["iss"]
    try:
        return jwt.decode(job["token"], secret, algorithms=["HS256"], issuer=issuer, options=options)
    except jwt.InvalidTokenError:
        return None


json.dump([verify(job) if "token" in job else sign(job) for job in json.load(sys.stdin)], sys.stdout)
