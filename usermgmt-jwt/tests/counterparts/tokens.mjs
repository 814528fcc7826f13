// jose as the other side. Reads one JSON object from standard input, writes one to standard output: tokens.py says what.
// The folder in which jose is installed is the one argument.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const found = createRequire(pathToFileURL(`${process.argv[2]}/package.json`)).resolve('jose');
const jose = await import(pathToFileURL(found));

async function verify({ jwks, tokens, issuer, audience }) {
  const keys = jose.createLocalJWKSet(jwks);
  const wanted = { issuer, audience, typ: 'at+jwt', requiredClaims: ['sub', 'exp', 'iat', 'jti'] };
  const claims = [];
  for (const token of tokens) {
    const checked = await jose.jwtVerify(token, keys, wanted).catch(() => null);
    claims.push(checked && checked.payload);
  }
  return { claims };
}

async function sign({ claims }) {
  const keys = [];
  const tokens = [];
  const odd = {};
  for (const alg of ['EdDSA', 'ES256', 'RS256']) {
    const { privateKey, publicKey } = await jose.generateKeyPair(alg);
    const kid = await jose.calculateJwkThumbprint(await jose.exportJWK(publicKey));
    keys.push({ ...(await jose.exportJWK(publicKey)), kid, use: 'sig', alg });
    const token = (said, typ) => new jose.SignJWT(said).setProtectedHeader({ alg, kid, typ }).sign(privateKey);
    tokens.push(await token(claims, 'at+jwt'));
    odd[`${alg} typ`] = await token(claims, 'JWT');
    odd[`${alg} several audiences`] = await token({ ...claims, aud: [claims.aud, 'other'] }, 'at+jwt');
    odd[`${alg} fraction`] = await token({ ...claims, exp: claims.exp + 0.5 }, 'at+jwt');
  }
  return { jwks: { keys }, tokens, odd };
}

const asked = JSON.parse(readFileSync(0, 'utf8'));
const answer = await { verify, sign }[asked.do](asked);
process.stdout.write(JSON.stringify(answer));
