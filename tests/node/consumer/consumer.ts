// A partner's program with the packed client: its types, and what is sent again.
/// <reference path="./ambient.d.ts" />
import { Client, joinSandbox, SuxinError } from "suxin-client";
import type { TypedDocument } from "suxin-client";

interface Data {
  readonly subject: { readonly outcome: string; readonly party: { readonly creditCode: { readonly colour: string } } };
}
interface Given {
  readonly by: { readonly name: string; readonly idNumber: string };
  readonly access: { readonly purpose: "LOAN_APPROVAL" };
}

/** As GraphQL Code Generator writes it with documentMode: "string". */
class TypedDocumentString<Result, Variables> extends String implements TypedDocument<Result, Variables> {
  __apiType?: (variables: Variables) => Result;
}

const document = new TypedDocumentString<Data, Given>(`query ($by: SubjectKey!, $access: AccessInput!) {
  subject(by: $by, access: $access) { outcome party { creditCode { colour } } } }`);
const by = { name: "陈守信", idNumber: "330281190001010004" };

const waited: number[] = [];
const keys = new Set<string | null>();
let refusals = 2;
const busy: typeof fetch = async (url, init) => {
  if (!String(url).endsWith("/graphql")) return fetch(url, init);
  keys.add(new Headers(init?.headers).get("idempotency-key"));
  if (refusals-- > 0) return new Response("busy", { status: refusals ? 503 : 429, headers: { "retry-after": "7" } });
  return fetch(url, init);
};

const profile = await joinSandbox(process.argv[2] ?? "");
const wait = async (seconds: number): Promise<void> => void waited.push(seconds);
const client = new Client(profile, { fetch: busy, wait, clock: () => Date.now() - 7_200_000 });
const { data, extensions } = await client.ask(document, { by, access: { purpose: "LOAN_APPROVAL" } });
const colour: string = data.subject.party.creditCode.colour;
console.log(JSON.stringify({ colour, waited, keys: keys.size, asked: typeof extensions["requestId"] }));

try {
  // @ts-expect-error the purpose is missing
  await client.ask(document, { by }, { language: "zh" });
} catch (error) {
  if (!(error instanceof SuxinError)) throw error;
  const { code, status, errors } = error;
  console.log(JSON.stringify({ code, status, errors: errors.length, asked: typeof error.requestId }));
}

const stranger = new Client({ ...profile, key: (await joinSandbox(profile.address)).key });
const away = new Client({ ...profile, address: "http://127.0.0.1:9" });
for (const refused of [stranger, away]) {
  await refused.ask("{ viewer { audience } }").catch((error: SuxinError) => console.log(error.code, error.status));
}

refusals = 9;
await client.ask(document, { by, access: { purpose: "LOAN_APPROVAL" } }).catch((error: SuxinError) => {
  console.log(error.code, error.status, error.retryAfter, waited.length);
});
