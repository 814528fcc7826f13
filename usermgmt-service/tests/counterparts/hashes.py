"""Hashes of known passwords, made by the libraries that people come from. Prints JSON."""

import hashlib
import json
import os
import base64
import warnings

warnings.filterwarnings("ignore")

import argon2
import bcrypt
import django
from argon2.low_level import Type, hash_secret
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings
from django.contrib.auth import hashers
from passlib.hash import argon2 as passlib_argon2
from passlib.hash import pbkdf2_sha1, pbkdf2_sha256, pbkdf2_sha512, scrypt

settings.configure(
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers." + name
        for name in [
            "PBKDF2PasswordHasher",
            "PBKDF2SHA1PasswordHasher",
            "Argon2PasswordHasher",
            "BCryptSHA256PasswordHasher",
            "BCryptPasswordHasher",
            "ScryptPasswordHasher",
        ]
    ]
)
django.setup()

PASSWORDS = ["correct horse battery", "Grüße, Zoë – naïve café ☕", "0123456789" * 9 + " and something behind"]
FIREBASE = {
    "signer_key": base64.b64encode(os.urandom(64)).decode(),
    "salt_separator": "Bw==",
    "rounds": 8,
    "mem_cost": 14,
}


def firebase(password):
    salt = os.urandom(10)
    salted = salt + base64.b64decode(FIREBASE["salt_separator"])
    key = hashlib.scrypt(password.encode(), salt=salted, n=2**14, r=8, p=1, dklen=32, maxmem=2**26)
    cipher = Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor()
    encrypted = cipher.update(base64.b64decode(FIREBASE["signer_key"]))
    return {"hash": base64.b64encode(encrypted).decode(), "salt": base64.b64encode(salt).decode()}


def keycloak(password, algorithm, digest, rounds):
    salt = os.urandom(16)
    value = hashlib.pbkdf2_hmac(digest, password.encode(), salt, rounds)
    encoded = [base64.b64encode(part).decode() for part in (value, salt)]
    secret = {"value": encoded[0], "salt": encoded[1], "additionalParameters": {}}
    credential = {"hashIterations": rounds, "algorithm": algorithm, "additionalParameters": {}}
    return {"secret": json.dumps(secret), "credential": json.dumps(credential)}


def salted(password, name, place):
    salt = os.urandom(8)
    parts = salt + password.encode() if place == "before" else password.encode() + salt
    return {"digest": name, "place": place, "salt": salt.hex(), "hash": hashlib.new(name, parts).hexdigest()}


def texts(password):
    raw = password.encode()
    for prefix in (b"2a", b"2b"):
        # The library refuses what bcrypt would cut; those who call it cut before.
        yield "bcrypt $%s$" % prefix.decode(), bcrypt.hashpw(raw[:72], bcrypt.gensalt(6, prefix)).decode()
    yield "bcrypt $2y$", bcrypt.hashpw(raw[:72], bcrypt.gensalt(6)).decode().replace("$2b$", "$2y$")
    if password.isascii():
        yield "bcrypt $2x$", bcrypt.hashpw(raw[:72], bcrypt.gensalt(6)).decode().replace("$2b$", "$2x$")
    for kind in (Type.I, Type.D, Type.ID):
        yield "argon2-cffi " + kind.name, hash_secret(raw, os.urandom(16), 2, 1024, 2, 32, kind).decode()
    yield "argon2 1.0", hash_secret(raw, os.urandom(16), 2, 1024, 1, 32, Type.I, 16).decode()
    yield "argon2-cffi default", argon2.PasswordHasher(memory_cost=8192).hash(password)
    yield "passlib argon2", passlib_argon2.using(memory_cost=1024, rounds=2).hash(password)
    yield "passlib scrypt", scrypt.using(rounds=12).hash(password)
    for name, scheme in (("sha1", pbkdf2_sha1), ("sha256", pbkdf2_sha256), ("sha512", pbkdf2_sha512)):
        yield "passlib pbkdf2 " + name, scheme.using(rounds=2000).hash(password)
    for name in ("pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "scrypt"):
        hasher = hashers.get_hasher(name)
        hasher.iterations, hasher.rounds, hasher.work_factor = 2000, 6, 2**12
        yield "Django " + name, hasher.encode(password, hasher.salt())
    if len(raw) < 72:
        hasher = hashers.get_hasher("bcrypt")
        hasher.rounds = 6
        yield "Django bcrypt", hasher.encode(password, hasher.salt())


print(
    json.dumps(
        {
            "firebase": FIREBASE,
            "passwords": [
                {
                    "password": password,
                    "texts": dict(texts(password)),
                    "firebase": firebase(password),
                    "keycloak": [
                        keycloak(password, "pbkdf2-sha512", "sha512", 2100),
                        keycloak(password, "pbkdf2-sha256", "sha256", 2700),
                        keycloak(password, "pbkdf2", "sha1", 2000),
                    ],
                    "salted": [
                        salted(password, name, place)
                        for name in ("sha1", "sha256", "sha512")
                        for place in ("before", "after")
                    ],
                }
                for password in PASSWORDS
            ],
        },
        ensure_ascii=False,
        indent=1,
    )
)
