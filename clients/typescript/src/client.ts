import { nameDocument } from "./document.js";
import type { TypedDocument } from "./document.js";
import { SuxinError } from "./errors.js";
import type { GraphQLProblem } from "./errors.js";
import type { Profile } from "./profile.js";
import { signAssertion, signProof } from "./signing.js";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const EARLY_SECONDS = 20; // before the end of a token, when it is renewed
const TOLERATED_SECONDS = 5; // up to which the clock of this machine is taken as right
const AGAIN = [429, 503];

export interface ClientOptions {
  /** Scopes of the tokens; all of the client by default. */
  readonly scopes?: readonly string[];
  /** How often a request is sent at most, while the service answers 429 or 503 with Retry-After; 3 by default. */
  readonly attempts?: number;
  /** The longest wait in seconds that is waited for; 30 by default. */
  readonly longestWait?: number;
  readonly fetch?: typeof fetch;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** Waits so many seconds. */
  readonly wait?: (seconds: number) => Promise<void>;
}

export interface AskOptions {
  readonly operationName?: string;
  /** The same key brings the same answer of a mutation. A new one each time by default, the same one at repetitions. */
  readonly idempotencyKey?: string;
  /** Of messages: `zh` or `en`. */
  readonly language?: string;
  /** Whether the answer brings a receipt of the transparency log. */
  readonly receipt?: boolean;
  readonly signal?: AbortSignal;
}

/** An answer without errors. */
export interface Answer<Data> {
  readonly data: Data;
  /** `requestId`, `cost`, `deprecations`, `receipt` and more. */
  readonly extensions: Readonly<Record<string, unknown>>;
}

type Variables = Readonly<Record<string, unknown>>;

/** Asks a service as a client: gets tokens, proves its key, and sends again what may be sent again. */
export class Client {
  readonly profile: Profile;
  readonly #options: ClientOptions;
  #token: Promise<string> | undefined;
  #ends = 0;
  #nonce: string | undefined;
  #offset = 0;

  constructor(profile: Profile, options: ClientOptions = {}) {
    this.profile = { ...profile, address: profile.address.replace(/\/+$/, "") };
    this.#options = options;
  }

  /** The answer to a document. Throws SuxinError if it has errors, or if there is none. */
  async ask<Data = unknown, Given = Variables>(
    document: TypedDocument<Data, Given> | string,
    variables?: Given,
    options: AskOptions = {},
  ): Promise<Answer<Data>> {
    const body: Record<string, unknown> = { ...nameDocument(document), variables: variables ?? {} };
    if (options.operationName !== undefined) body["operationName"] = options.operationName;
    if (options.receipt) body["extensions"] = { receipt: true };
    const headers: Record<string, string> = {
      accept: "application/graphql-response+json, application/json;q=0.9",
      "content-type": "application/json",
      "idempotency-key": options.idempotencyKey ?? crypto.randomUUID(),
    };
    if (options.language !== undefined) headers["accept-language"] = options.language;
    const init: RequestInit = { method: "POST", body: JSON.stringify(body), headers };
    if (options.signal) init.signal = options.signal;
    const response = await this.#repeat(() => this.#authorized(`${this.profile.address}/graphql`, init));
    return readAnswer<Data>(response);
  }

  /** An access token, which is kept until shortly before its end. */
  async token(): Promise<string> {
    if (this.#token === undefined || this.#now() >= this.#ends - EARLY_SECONDS) {
      this.#ends = Number.POSITIVE_INFINITY; // others wait for the same one
      const asked = this.#requestToken();
      this.#token = asked;
      asked.catch(() => {
        if (this.#token === asked) this.#token = undefined;
      });
    }
    return this.#token;
  }

  #now(): number {
    return Math.floor((this.#options.clock ?? Date.now)() / 1000 + this.#offset);
  }

  /** Sends a question, and a second time with a new token or nonce, if that is what was wrong. */
  async #authorized(url: string, init: RequestInit): Promise<Response> {
    for (let last = false; ; last = true) {
      const token = await this.token();
      const scheme = this.profile.proof_key ? "DPoP" : "Bearer";
      const proven = await this.#prove(url, token);
      const headers = { ...(init.headers as Record<string, string>), authorization: `${scheme} ${token}`, ...proven };
      const response = await this.#send(url, { ...init, headers });
      if (response.status !== 401 || last) return response;
      if (!response.headers.has("dpop-nonce")) this.#token = undefined;
    }
  }

  async #requestToken(): Promise<string> {
    const { address, client_id, key } = this.profile;
    const url = `${address}/oauth/token`;
    for (let last = false; ; last = true) {
      const before = this.#offset;
      const response = await this.#repeat(async () => {
        const form: Record<string, string> = {
          grant_type: "client_credentials",
          client_assertion_type: ASSERTION_TYPE,
          client_assertion: await signAssertion(key, client_id, address, this.#now()),
        };
        if (this.#options.scopes) form["scope"] = this.#options.scopes.join(" ");
        const headers = await this.#prove(url, undefined);
        return this.#send(url, { method: "POST", body: new URLSearchParams(form), headers });
      });
      const answer = await readJson(response);
      if (response.ok) {
        this.#ends = this.#now() + Number(answer["expires_in"] ?? 60);
        return String(answer["access_token"]);
      }
      const code = String(answer["error"] ?? response.status);
      if (last || (code !== "use_dpop_nonce" && this.#offset === before)) {
        const told = String(answer["error_description"] ?? "no token was issued.");
        throw new SuxinError(code, told, { status: response.status, ...waitOf(response) });
      }
    }
  }

  async #prove(url: string, token: string | undefined): Promise<Record<string, string>> {
    const key = this.profile.proof_key;
    return key ? { dpop: await signProof(key, url, this.#now(), this.#nonce, token) } : {};
  }

  /** Sends again what was answered with 429 or 503, after the time in Retry-After. */
  async #repeat(send: () => Promise<Response>): Promise<Response> {
    const { attempts = 3, longestWait = 30, wait = sleep } = this.#options;
    for (let left = attempts - 1; ; left--) {
      const response = await send();
      const { retryAfter } = waitOf(response);
      if (left <= 0 || !AGAIN.includes(response.status) || retryAfter === undefined || retryAfter > longestWait) {
        return response;
      }
      await response.body?.cancel();
      await wait(retryAfter);
    }
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await (this.#options.fetch ?? fetch)(url, { ...init, redirect: "error" });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw new SuxinError("UNREACHABLE", `Nobody answers at ${this.profile.address}.`, { cause });
    }
    this.#nonce = response.headers.get("dpop-nonce") ?? this.#nonce;
    this.#setClock(response.headers.get("date"));
    return response;
  }

  /** Learns the time of the server: assertions and proofs of a machine whose clock is wrong would be refused. */
  #setClock(date: string | null): void {
    const ahead = (Date.parse(date ?? "") - (this.#options.clock ?? Date.now)()) / 1000;
    if (Math.abs(ahead - this.#offset) > TOLERATED_SECONDS) this.#offset = ahead;
  }
}

async function readAnswer<Data>(response: Response): Promise<Answer<Data>> {
  const answer = await readJson(response);
  const extensions = (answer["extensions"] ?? {}) as Readonly<Record<string, unknown>>;
  const errors = answer["errors"] as readonly GraphQLProblem[] | undefined;
  const first = errors?.[0];
  if (errors && first) {
    const details = { status: response.status, extensions, errors, data: answer["data"], ...waitOf(response) };
    throw new SuxinError(first.extensions?.code ?? "INTERNAL", first.message, details);
  }
  return { data: answer["data"] as Data, extensions };
}

async function readJson(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const found: unknown = await response.json().catch(() => undefined);
  if (typeof found === "object" && found !== null) return found as Readonly<Record<string, unknown>>;
  const told = `${response.url} answered ${response.status} without JSON. Is the address right?`;
  throw new SuxinError("NO_ANSWER", told, { status: response.status, ...waitOf(response) });
}

function waitOf(response: Response): { retryAfter?: number } {
  const told = response.headers.get("retry-after");
  return told !== null && /^[0-9]+$/.test(told) ? { retryAfter: Number(told) } : {};
}

function sleep(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, seconds * 1000));
}
