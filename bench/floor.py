"""The floor: what Flask under the same gunicorn can do when it does nothing, or only the work nobody can leave out."""

import os

import jwt
import redis
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from flask import Flask, Response

app = Flask(__name__)
key = generate_private_key(public_exponent=65537, key_size=2048)
cache = redis.Redis.from_url(os.environ["IDP_REDIS_URL"])
BODY = b'{"nothing": true}'


@app.get("/null")
def null() -> Response:
    """Nothing."""
    return Response(BODY, mimetype="application/json")


@app.post("/token")
def token() -> dict[str, str]:
    """One RS256 signature and one Redis round trip."""
    cache.get("nothing")
    return {"access_token": jwt.encode({"iss": "https://id.example.com", "sub": "x" * 36, "exp": 2**31}, key, "RS256")}
