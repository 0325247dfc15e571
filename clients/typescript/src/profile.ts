import type { JWK } from "jose";

/** A client at a service, as `suxin-client connect` of the Python package writes it, or as the court registered it. */
export interface Profile {
  /** The address of the service, which is its issuer, without a slash at its end. */
  readonly address: string;
  readonly client_id: string;
  /** The private JWK that signs for the client: P-256, Ed25519 or RSA. */
  readonly key: JWK;
  /** The private JWK that tokens are bound to (DPoP, RFC 9449). Clients of the class `fapi2` need one. */
  readonly proof_key?: JWK | null;
}
