// How a client of Suxin signs in, asks, and listens.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { createClient } from "graphql-ws";
import { importJWK, SignJWT } from "jose";

const {
  SUXIN = "http://127.0.0.1:8000",
  SUXIN_CLIENT = "demo-bank",
  SUXIN_CLIENT_KEY = "../../../.suxin/demo/clients/demo-bank.json",
} = process.env;

/** An access token by client credentials: a JWT signed with our key says who we are (RFC 7523). It lives five minutes. */
export async function accessToken(): Promise<string> {
  const key = JSON.parse(await readFile(SUXIN_CLIENT_KEY, "utf8"));
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: "ES256", kid: key.kid })
    .setIssuer(SUXIN_CLIENT)
    .setSubject(SUXIN_CLIENT)
    .setAudience(SUXIN)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(await importJWK(key, "ES256"));
  const form = {
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  };
  const response = await fetch(`${SUXIN}/oauth/token`, { method: "POST", body: new URLSearchParams(form) });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.error}: ${answer.error_description}`);
  return answer.access_token;
}

/** The data of a query. Throws an error with the code, the message and the request id of what went wrong. */
export async function ask<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(`${SUXIN}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${await accessToken()}`, "content-type": "application/json" },
    body: JSON.stringify({ ...named(document), variables }),
  });
  const { data, errors, extensions } = await response.json();
  if (errors) throw new Error(`${errors[0].extensions.code}: ${errors[0].message} (${extensions.requestId})`);
  return data;
}

/** How a request names its document, which is registered: by the hash that was generated with it. */
function named(document: object) {
  return { documentId: (document as { __meta__: { hash: string } }).__meta__.hash };
}

/** The results of a subscription, as they come. It fails with a close event of code 4401 when its token ends. */
export function listen<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
) {
  const client = createClient({
    url: `${SUXIN.replace("http", "ws")}/graphql`,
    connectionParams: async () => ({ authorization: `Bearer ${await accessToken()}` }),
  });
  return client.iterate<Data>({ query: "", ...named(document), variables });
}
