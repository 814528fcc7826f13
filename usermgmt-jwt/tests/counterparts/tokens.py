"""PyJWT as the other side. Reads one JSON object from standard input, writes one to standard output.

{"do": "verify", "jwks": ..., "tokens": [...], "issuer": ..., "audience": ...} answers with the claims of each token, or
null where it is refused. {"do": "sign", "claims": ...} answers with new keys and a token of each, and with odd tokens
that are correctly signed all the same.
"""

import json
import sys

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

NEEDED = ["iss", "sub", "aud", "exp", "iat", "jti"]


def verify(asked):
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(asked["jwks"]).keys}
    claims = []
    for token in asked["tokens"]:
        header = jwt.get_unverified_header(token)
        key = keys[header["kid"]]
        try:
            found = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=asked["issuer"],
                audience=asked["audience"],
                options={"require": NEEDED, "strict_aud": True},
            )
            claims.append(found if header["typ"] == "at+jwt" else None)
        except jwt.InvalidTokenError:
            claims.append(None)
    return {"claims": claims}


def sign(asked):
    ed, p256 = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    big = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = {"EdDSA": ed, "ES256": p256, "RS256": big}
    public = {
        "EdDSA": OKPAlgorithm.to_jwk(ed.public_key(), as_dict=True),
        "ES256": ECAlgorithm.to_jwk(p256.public_key(), as_dict=True),
        "RS256": RSAAlgorithm.to_jwk(big.public_key(), as_dict=True),
    }
    keys = [{**public[name], "kid": "py-" + name, "use": "sig", "alg": name} for name in private]

    def token(name, claims, typ):
        return jwt.encode(claims, private[name], algorithm=name, headers={"typ": typ, "kid": "py-" + name})

    claims, odd = asked["claims"], {}
    for name in private:
        odd[name + " typ"] = token(name, claims, "JWT")
        odd[name + " several audiences"] = token(name, {**claims, "aud": [claims["aud"], "other"]}, "at+jwt")
        odd[name + " fraction"] = token(name, {**claims, "exp": claims["exp"] + 0.5}, "at+jwt")
    return {"jwks": {"keys": keys}, "tokens": [token(name, claims, "at+jwt") for name in private], "odd": odd}


asked = json.load(sys.stdin)
json.dump({"verify": verify, "sign": sign}[asked["do"]](asked), sys.stdout)
