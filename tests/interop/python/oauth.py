"""Walks through the authorization server with Authlib: a list of jobs in, what came of each step
out, both JSON. `clients.rs` sends them.
"""

import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages"))
# The server of the tests speaks HTTP, on this machine.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["NO_PROXY"] = "*"

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography.hazmat.primitives import serialization
from joserfc.jwk import ECKey


def session(job):
    endpoint = job["issuer"] + "/oauth/token"
    if job["method"] != "private_key_jwt":
        return OAuth2Session(
            job["client_id"],
            job["client_secret"],
            token_endpoint=endpoint,
            token_endpoint_auth_method=job["method"],
            revocation_endpoint_auth_method=job["method"],
        )
    key = serialization.load_der_private_key(base64.b64decode(job["private_key"]), None)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    made = OAuth2Session(
        job["client_id"],
        ECKey.import_key(pem),
        token_endpoint=endpoint,
        token_endpoint_auth_method="private_key_jwt",
        revocation_endpoint_auth_method="private_key_jwt",
    )
    made.register_client_auth_method(PrivateKeyJWT(endpoint, alg="ES256"))
    return made


def walk(job):
    client = session(job)
    token = client.fetch_token(grant_type="client_credentials", scope=job["scope"])
    me = job["issuer"] + "/api/v1/me"
    app = client.get(me).json()["app"]["id"]
    introspect = lambda: client.introspect_token(
        job["issuer"] + "/oauth/introspect", token=token["access_token"]
    ).json()
    before = introspect()
    client.revoke_token(job["issuer"] + "/oauth/revoke", token=token["access_token"])
    after = introspect()
    client.token = token
    refused = client.get(me).headers["x-portico-error"]
    return {
        "token_type": token["token_type"],
        "expires_in": token["expires_in"],
        "scope": token["scope"],
        "app": app,
        "before": {name: before[name] for name in ("active", "scope", "client_id")},
        "after": after,
        "refused": refused,
    }


def outcome(job):
    try:
        return walk(job)
    except OAuthError as error:
        return {"error": error.error}


jobs = json.load(sys.stdin)
json.dump([outcome(job) for job in jobs], sys.stdout)
