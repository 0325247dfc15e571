// The flows of fapi2 clients by npm openid-client:
// node openid.mjs ISSUER CLIENT_ID KEY_FILE REDIRECT_URI USERNAME PASSWORD CERTIFIED_ID CERTIFICATE.
// A signed request is pushed; a second client has a certificate, which the "proxy" passes on in a header.
// Prints what came of each step as one JSON object.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import * as client from "openid-client";

const [issuer, id, keyFile, redirect_uri, username, password, certified, certificate] = process.argv.slice(2);
const jwk = JSON.parse(readFileSync(keyFile, "utf8"));
const algorithm = { name: "ECDSA", namedCurve: "P-256" };
const key = await webcrypto.subtle.importKey("jwk", { ...jwk, alg: "ES256" }, algorithm, false, ["sign"]);
const signing = { key, kid: jwk.kid };
const insecure = { execute: [client.allowInsecureRequests], algorithm: "oauth2" };
const resource = new URL(`${issuer}/graphql`);

const metadata = { introspection_signed_response_alg: "ES256" };
const config = await client.discovery(new URL(issuer), id, metadata, client.PrivateKeyJwt(signing), insecure);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));

// What a browser does with the page: its cookies and its form.
async function signIn(address) {
  const page = await fetch(address);
  const cookies = page.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; ");
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())[1];
  const body = new URLSearchParams({ csrf, username, password });
  const done = await fetch(address, { method: "POST", body, headers: { cookie: cookies }, redirect: "manual" });
  return new URL(done.headers.get("location"));
}

async function ask(asking, token, options) {
  const headers = new Headers({ "content-type": "application/json" });
  const body = JSON.stringify({ query: "{ viewer { clientId scopes } }" });
  const answer = await client.fetchProtectedResource(asking, token, resource, "POST", body, headers, options);
  return (await answer.json()).data.viewer;
}

const machine = await client.clientCredentialsGrant(config, {}, { DPoP });
const viewer = await ask(config, machine.access_token, { DPoP });

const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const asked = {
  redirect_uri,
  state: expectedState,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
};
const signed = await client.buildAuthorizationUrlWithJAR(config, asked, signing);
const pushed = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
const back = await signIn(pushed);
const staff = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState }, {}, { DPoP });
const acting = await ask(config, staff.access_token, { DPoP });
const before = await client.tokenIntrospection(config, staff.access_token);
await client.tokenRevocation(config, staff.access_token);
const after = await client.tokenIntrospection(config, staff.access_token);

// Mutual TLS: the certificate would come from the connection, here from the header of the proxy.
const proxied = (url, options) =>
  fetch(url, { ...options, headers: { ...Object.fromEntries(new Headers(options.headers)), "client-cert": certificate } });
const bank = await client.discovery(new URL(issuer), certified, {}, client.TlsClientAuth(), insecure);
bank[client.customFetch] = proxied;
const bound = await client.clientCredentialsGrant(bank, {});
const known = await ask(bank, bound.access_token);
const described = await client.tokenIntrospection(bank, bound.access_token);
bank[client.customFetch] = fetch;
const stolen = await ask(bank, bound.access_token).catch((error) => error.cause[0].parameters.error);

console.log(
  JSON.stringify({
    request: [...signed.searchParams.keys()],
    pushed: [...pushed.searchParams.keys()],
    types: [machine.token_type, staff.token_type, bound.token_type],
    viewer: viewer.scopes.includes("procedure.write"),
    acting: acting.scopes.includes("procedure.write"),
    active: [before.active, after.active],
    known: known.clientId,
    binding: Object.keys(described.cnf),
    stolen,
  }),
);
