// A bank's subscription by npm graphql-ws or graphql-sse: node subscribe.mjs ws|sse URL TOKEN DOCUMENT COUNT.
// Prints "listening", then {at, node} for each event, `at` in seconds; ends after COUNT of them.
import * as sse from "graphql-sse";
import * as ws from "graphql-ws";

const [protocol, url, token, query, count] = process.argv.slice(2);
const authorization = `Bearer ${token}`;

const { promise: begun, resolve: begin } = Promise.withResolvers();

function overWebSocket() {
  const on = { message: ({ type }) => type === "connection_ack" && begin() };
  return ws.createClient({ url: url.replace("http", "ws"), connectionParams: { authorization }, on });
}

function byServerSentEvents() {
  async function fetchFn(...request) {
    const response = await fetch(...request);
    begin();
    return response;
  }
  return sse.createClient({ url, headers: { authorization }, fetchFn });
}

const client = protocol === "ws" ? overWebSocket() : byServerSentEvents();
const events = client.iterate({ query });
let coming = events.next();
await begun;
console.log("listening");
for (let left = Number(count); left > 0; left -= 1) {
  const { value } = await coming;
  console.log(JSON.stringify({ at: Date.now() / 1000, node: value.data.events.node }));
  coming = events.next();
}
process.exit();
