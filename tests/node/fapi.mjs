// The flows of a fapi2 client by npm oauth4webapi: node fapi.mjs ISSUER CLIENT_ID KEY_FILE REDIRECT_URI USERNAME PASSWORD.
// Prints what came of each step as one JSON object. Nonces are asked for by the library, as servers say.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import * as oauth from "oauth4webapi";

const [issuer, client_id, keyFile, redirect_uri, username, password] = process.argv.slice(2);
const insecure = { [oauth.allowInsecureRequests]: true };
const jwk = JSON.parse(readFileSync(keyFile, "utf8"));
const algorithm = { name: "ECDSA", namedCurve: "P-256" };
const key = await webcrypto.subtle.importKey("jwk", { ...jwk, alg: "ES256" }, algorithm, false, ["sign"]);
const client = { client_id };
const authentication = oauth.PrivateKeyJwt({ key, kid: jwk.kid });
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
const options = { DPoP, ...insecure };

// Repeats a step once with the nonce that the server asked for (RFC 9449, section 8).
async function withNonce(step) {
  try {
    return await step();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    nonces += 1;
    return await step();
  }
}
let nonces = 0;

// What a browser does with the page: its cookies and its form.
async function signIn(address) {
  const page = await fetch(address);
  const cookies = page.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; ");
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())[1];
  const body = new URLSearchParams({ csrf, username, password });
  const done = await fetch(address, { method: "POST", body, headers: { cookie: cookies }, redirect: "manual" });
  return { status: done.status, back: new URL(done.headers.get("location")) };
}

async function ask(token, query) {
  const headers = new Headers({ "content-type": "application/json" });
  const url = new URL(`${issuer}/graphql`);
  const body = JSON.stringify({ query });
  const answer = await withNonce(() =>
    oauth.protectedResourceRequest(token, "POST", url, headers, body, options),
  );
  return (await answer.json()).data;
}

const found = await oauth.discoveryRequest(new URL(issuer), { algorithm: "oauth2", ...insecure });
const as = await oauth.processDiscoveryResponse(new URL(issuer), found);
const resource = new URL(`${issuer}/graphql`);
const described = await oauth.resourceDiscoveryRequest(resource, insecure);
const rs = await oauth.processResourceDiscoveryResponse(resource, described);

const machine = await withNonce(async () => {
  const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, {}, options);
  return await oauth.processClientCredentialsResponse(as, client, response);
});
const viewer = await ask(machine.access_token, "{ viewer { scopes } }");

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const pushed = await withNonce(async () => {
  const parameters = {
    response_type: "code",
    redirect_uri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  const response = await oauth.pushedAuthorizationRequest(as, client, authentication, parameters, options);
  return await oauth.processPushedAuthorizationResponse(as, client, response);
});
const address = new URL(as.authorization_endpoint);
address.searchParams.set("client_id", client_id);
address.searchParams.set("request_uri", pushed.request_uri);
const { status, back } = await signIn(address);
const callback = oauth.validateAuthResponse(as, client, back, state); // checks iss, too
const staff = await withNonce(async () => {
  const response = await oauth.authorizationCodeGrantRequest(
    as, client, authentication, callback, redirect_uri, verifier, options,
  );
  return await oauth.processAuthorizationCodeResponse(as, client, response);
});
const acting = await ask(staff.access_token, "{ viewer { scopes } }");

async function inspect(token) {
  const response = await oauth.introspectionRequest(as, client, authentication, token, insecure);
  return await oauth.processIntrospectionResponse(as, client, response);
}
const before = await inspect(staff.access_token);
const revoked = await oauth.revocationRequest(as, client, authentication, staff.access_token, insecure);
await oauth.processRevocationResponse(revoked);
const after = await inspect(staff.access_token);

console.log(
  JSON.stringify({
    nonces,
    status,
    resource: rs.resource,
    types: [machine.token_type, staff.token_type, before.token_type],
    viewer: viewer.viewer.scopes.includes("procedure.write"),
    acting: acting.viewer.scopes.includes("procedure.write"),
    bound: typeof before.cnf.jkt === "string",
    active: [before.active, after.active],
  }),
);
