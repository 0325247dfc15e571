import { exportJWK, generateKeyPair } from "jose";
import type { JWK } from "jose";

import { SuxinError } from "./errors.js";
import type { Profile } from "./profile.js";
import { publicOf } from "./signing.js";

/** Registers a client at a sandbox, with new keys, and tokens that are bound to one of them. Keep the profile secret. */
export async function joinSandbox(
  address: string,
  options: { readonly audience?: string; readonly name?: string; readonly fetch?: typeof fetch } = {},
): Promise<Profile> {
  const [key, proofKey] = [{ ...(await makeKey()), kid: "key-1" }, await makeKey()];
  const asked = {
    client_name: options.name ?? "sandbox client",
    audience: options.audience ?? "BANK",
    jwks: { keys: [{ ...publicOf(key), kid: key.kid }] },
    dpop_bound_access_tokens: true,
  };
  const response = await (options.fetch ?? fetch)(`${address}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(asked),
  });
  const answer: Record<string, unknown> = await response.json().catch(() => ({}));
  if (response.status !== 201) {
    const told = String(answer["error_description"] ?? "Nobody registers here. Is it a sandbox?");
    throw new SuxinError(String(answer["error"] ?? response.status), told, { status: response.status });
  }
  return { address, client_id: String(answer["client_id"]), key, proof_key: proofKey };
}

async function makeKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return exportJWK(privateKey);
}
