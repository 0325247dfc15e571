export { Client } from "./client.js";
export type { Answer, AskOptions, ClientOptions } from "./client.js";
export type { TypedDocument } from "./document.js";
export { SuxinError } from "./errors.js";
export type { GraphQLProblem } from "./errors.js";
export { joinSandbox } from "./sandbox.js";
export type { Profile } from "./profile.js";
