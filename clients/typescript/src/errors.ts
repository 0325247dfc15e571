/** An error of an answer (GraphQL, section 7.1.2). */
export interface GraphQLProblem {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly extensions?: { readonly code?: string; readonly [member: string]: unknown };
}

interface Details {
  readonly status?: number;
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly GraphQLProblem[];
  readonly data?: unknown;
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** Why there is no answer. Branch on `code`, never on the message. */
export class SuxinError extends Error {
  override readonly name = "SuxinError";
  /** Of the catalogue of errors, such as CONSENT_REQUIRED; of OAuth in lower case; UNREACHABLE if nobody answered. */
  readonly code: string;
  /** The HTTP status; undefined if nobody answered. */
  readonly status: number | undefined;
  /** Of the answer: `requestId`, `docUrl`, `remedy`, `cost` and more. */
  readonly extensions: Readonly<Record<string, unknown>>;
  /** All errors of the answer. */
  readonly errors: readonly GraphQLProblem[];
  /** What was answered beside the errors. */
  readonly data: unknown;
  /** Seconds after which the request may be sent again. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, details: Details = {}) {
    super(`${code}: ${message}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.extensions = details.extensions ?? {};
    this.errors = details.errors ?? [];
    this.data = details.data;
    this.retryAfter = details.retryAfter;
  }

  /** By which the access log of the service knows the answer. */
  get requestId(): string | undefined {
    const found = this.extensions["requestId"];
    return typeof found === "string" ? found : undefined;
  }
}
