import { SuxinError } from "./errors.js";

/**
 * A document with the types of its data and variables. TypedDocumentNode and TypedDocumentString of GraphQL Code
 * Generator are such documents, and no package is needed for that.
 */
export interface TypedDocument<Data, Variables> {
  __apiType?: (variables: Variables) => Data;
}

interface Written {
  readonly __meta__?: { readonly hash?: string } | Record<string, unknown>;
  readonly loc?: { readonly source: { readonly body: string } };
}

/** @internal How a request names its document: by the hash that was generated with it, or by its text. */
export function nameDocument(document: unknown): { documentId: string } | { query: string } {
  if (typeof document === "string") return { query: document };
  const { __meta__, loc } = document as Written;
  if (typeof __meta__?.["hash"] === "string") return { documentId: __meta__["hash"] };
  if (document instanceof String) return { query: document.toString() };
  if (loc) return { query: loc.source.body };
  throw new SuxinError(
    "INVALID_DOCUMENT",
    "This document has no text. Generate it with documentMode 'string' or with persistedDocuments, or send print(document).",
  );
}
