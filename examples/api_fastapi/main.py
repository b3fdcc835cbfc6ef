"""The resource server of ../api in about ten lines of FastAPI and PyJWT."""

import os
from typing import Annotated

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

KEYS = {iss: jwt.PyJWKClient(f"{iss}/jwks.json", timeout=5) for iss in os.environ["API_ISSUERS"].split(",")}
AUDIENCE = os.environ.get("API_IDENTIFIER", "http://localhost:8002")
app = FastAPI()


def reader(bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> dict:
    try:
        token = jwt.decode_complete(bearer.credentials, options={"verify_signature": False})
        issuer, header = token["payload"]["iss"], token["header"]
        key = KEYS[issuer].get_signing_key(header["kid"] if header["typ"] == "at+jwt" else "")
        must = {"require": ["exp", "sub"]}
        claims = jwt.decode(bearer.credentials, key, ["RS256"], must, audience=AUDIENCE, issuer=issuer)
    except (jwt.PyJWTError, KeyError, TypeError) as error:
        raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from error
    if "notes:read" not in claims.get("scope", "").split():
        challenge = 'Bearer error="insufficient_scope", scope="notes:read"'
        raise HTTPException(403, headers={"WWW-Authenticate": challenge})
    return claims


@app.get("/notes")
def notes(claims: Annotated[dict, Depends(reader)]) -> dict:
    return {"issuer": claims["iss"], "subject": claims["sub"], "notes": []}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("API_PORT", "8002")), log_level="warning")
