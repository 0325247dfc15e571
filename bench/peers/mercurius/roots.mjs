// The root fields: a page of parties, one party, and the bank's look-up by keyed hash.
import { createHmac, createSecretKey } from "node:crypto";

import { rows } from "./database.mjs";

const keyOf = (id) => Number(Buffer.from(id, "base64").toString().slice("Party:".length));

const PAGE = "select id, name from party where id > $1 order by id limit $2";

export async function pageOfParties(first, after) {
  return { nodes: await rows("page", PAGE, [after ? keyOf(after) : 0, first]) };
}

const ONE = "select id, name from party where id = $1";

export async function partyById(id) {
  return (await rows("party", ONE, [keyOf(id)]))[0] ?? null;
}

const [version, key] = process.env.INDEX_KEYS.split(":");
const head = Buffer.from([Number(version)]);
const secret = createSecretKey(key, "hex");

// The keyed hash by which a number is stored: the version of the key, and twenty bytes of HMAC-SHA-256.
function indexOf(number) {
  const mark = createHmac("sha256", secret).update(number).digest().subarray(0, 20);
  return Buffer.concat([head, mark]).toString("hex");
}

const FOUND = `
  select encode(identity.index, 'hex') as index, party.id, party.name, party.kind
  from identity
  join party on party.id = identity.party_id
  where identity.index = any(select decode(asked, 'hex') from unnest($1::text[]) as asked) and party.disclosed`;

export async function checked(by) {
  const indexes = by.map((one) => indexOf(one.idNumber ?? one.organizationCode));
  const found = new Map((await rows("found", FOUND, [indexes])).map((row) => [row.index, row]));
  return by.map((one, place) => report(one, found.get(indexes[place])));
}

function report(asked, party) {
  const kind = asked.idNumber ? "PERSON" : "ORGANIZATION";
  if (party?.kind !== kind) return { outcome: "NOT_FOUND", party: null };
  if (party.name !== asked.name) return { outcome: "NAME_MISMATCH", party: null };
  return { outcome: "MATCHED", party: { ...party, outside: true } };
}
