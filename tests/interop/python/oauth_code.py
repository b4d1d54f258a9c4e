"""Has a user asked and redeems the code with Authlib: a list of jobs in, what came of each out,
both JSON. `code_flow.rs` sends them, and plays the user in between.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages"))
# The server of the tests speaks HTTP, on this machine.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["NO_PROXY"] = "*"

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session


def session(job, **more):
    secret = job.get("client_secret")
    return OAuth2Session(
        job["client_id"],
        secret,
        scope=job["scope"],
        redirect_uri=job["redirect_uri"],
        token_endpoint=job["issuer"] + "/oauth/token",
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        revocation_endpoint_auth_method="client_secret_basic" if secret else "none",
        code_challenge_method="S256",
        **more,
    )


def begin(job):
    verifier = generate_token(64)
    asked = session(job).create_authorization_url(
        job["issuer"] + "/oauth/authorize", code_verifier=verifier
    )
    return {"url": asked[0], "state": asked[1], "verifier": verifier}


def error(step):
    try:
        step()
    except OAuthError as refused:
        return refused.error
    return None


def finish(job):
    client = session(job, state=job["state"])
    redeem = lambda: client.fetch_token(
        authorization_response=job["callback"], code_verifier=job["verifier"]
    )
    first = dict(redeem())
    refresh = lambda token: client.refresh_token(job["issuer"] + "/oauth/token", refresh_token=token)
    second = dict(refresh(first["refresh_token"]))
    me = job["issuer"] + "/api/v1/me"
    user = client.get(me).json()["user"]["id"]
    client.revoke_token(job["issuer"] + "/oauth/revoke", token=second["refresh_token"])
    revoked = client.get(me).headers["x-portico-error"]
    return {
        "scope": first["scope"],
        "user": user,
        "refreshed": second["scope"],
        "revoked": revoked,
        "again": error(redeem),
        "used": error(lambda: refresh(first["refresh_token"])),
    }


def outcome(job):
    try:
        return finish(job) if "callback" in job else begin(job)
    except OAuthError as refused:
        return {"error": refused.error}


jobs = json.load(sys.stdin)
json.dump([outcome(job) for job in jobs], sys.stdout)
