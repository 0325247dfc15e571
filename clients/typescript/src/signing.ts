import { base64url, importJWK, SignJWT } from "jose";
import type { JWK } from "jose";

const ALGORITHMS: Readonly<Record<string, string>> = { EC: "ES256", OKP: "EdDSA", RSA: "PS256" };
const PUBLIC = ["kty", "crv", "x", "y", "n", "e"] as const;

/** @internal The algorithm of a key. */
export function algorithmOf(key: JWK): string {
  const found = ALGORITHMS[key.kty ?? ""];
  if (!found) throw new TypeError("The key must be a private JWK: P-256, Ed25519, or RSA.");
  return found;
}

/** @internal The members of a key that are public. */
export function publicOf(key: JWK): JWK {
  return Object.fromEntries(PUBLIC.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]]]))) as JWK;
}

/** @internal A client assertion (RFC 7523), good for a minute and once. now: in seconds. */
export async function signAssertion(key: JWK, clientId: string, issuer: string, now: number): Promise<string> {
  const alg = algorithmOf(key);
  return new SignJWT()
    .setProtectedHeader(key.kid === undefined ? { alg } : { alg, kid: key.kid })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(issuer)
    .setJti(crypto.randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + 60)
    .sign(await importJWK(key, alg));
}

/** @internal A proof for one request (RFC 9449). token: the access token that is sent with it. */
export async function signProof(
  key: JWK,
  url: string,
  now: number,
  nonce: string | undefined,
  token: string | undefined,
): Promise<string> {
  const claims: Record<string, unknown> = { htm: "POST", htu: url };
  if (nonce !== undefined) claims["nonce"] = nonce;
  if (token !== undefined) {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
    claims["ath"] = base64url.encode(new Uint8Array(digest));
  }
  const alg = algorithmOf(key);
  return new SignJWT(claims)
    .setProtectedHeader({ typ: "dpop+jwt", alg, jwk: publicOf(key) })
    .setJti(crypto.randomUUID())
    .setIssuedAt(now)
    .sign(await importJWK(key, alg));
}
