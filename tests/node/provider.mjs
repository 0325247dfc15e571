// An OpenID provider (the package oidc-provider) for tests: people sign in at it by name, with a second factor or without.
// Run: node provider.mjs PORT CLIENT_ID SECRET REDIRECT_URI
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, client_id, client_secret, redirect_uri] = process.argv.slice(2);
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri], response_types: ["code"] }],
  jwks: { keys: [{ ...key, kid: "first", use: "sig", alg: "RS256" }] },
  cookies: { keys: ["for tests only"] },
  claims: { openid: ["sub"], acr: null, amr: null, auth_time: null, iss: null },
  acrValues: ["urn:court:password", "urn:court:two-factors"],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: client_id, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid");
    await grant.save();
    return grant;
  },
});

async function interact(request, response) {
  if (request.method === "GET") {
    response.setHeader("content-type", "text/html").end('<form method="post"><input name="login"></form>');
    return;
  }
  let body = "";
  for await (const chunk of request) body += chunk;
  const form = new URLSearchParams(body);
  const strong = form.get("factor") === "yes";
  const login = {
    accountId: form.get("login"),
    acr: strong ? "urn:court:two-factors" : "urn:court:password",
    amr: strong ? ["pwd", "otp"] : ["pwd"],
  };
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
}

const answer = provider.callback();
createServer((request, response) => {
  if (request.url.startsWith("/interaction/")) {
    interact(request, response).catch((error) => response.writeHead(500).end(String(error)));
  } else {
    answer(request, response);
  }
}).listen(Number(port), "127.0.0.1");
