// All audits of GraphQL over HTTP against a server: node audit.mjs URL TOKEN. Prints [{id, name, status, reason}].
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);

function fetchFn(address, given) {
  return fetch(address, { ...given, headers: { ...given?.headers, authorization: `Bearer ${token}` } });
}

const results = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const { status, reason } = await audit.fn();
  results.push({ id: audit.id, name: audit.name, status, reason });
}
console.log(JSON.stringify(results));
