// A bank hears what changes for its customers: node events.ts [CURSOR]. Keep the last cursor, and begin after it.
import { EventsDocument } from "./generated/graphql.ts";
import { listen } from "./suxin.ts";

let after = process.argv[2] ?? null;

for (;;) {
  try {
    for await (const { data, errors } of listen(EventsDocument, { after })) {
      if (!data) throw new Error(errors?.[0]?.message);
      after = data.events.cursor;
      console.log(after, data.events.node.kind, data.events.node.reference ?? "-");
    }
  } catch (ended) {
    if ((ended as CloseEvent).code !== 4401) throw ended; // else the token has ended: again, with a new one
  }
}
