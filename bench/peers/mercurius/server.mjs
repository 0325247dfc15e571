// Suxin's page, subject and check by Fastify and Mercurius: documents compiled by graphql-jit, batched loaders, pg.
// The environment names the database (DATABASE_URL), the port (PORT) and the keys of the hash of numbers (INDEX_KEYS).
import Fastify from "fastify";
import mercurius from "mercurius";

import { loaders } from "./loaders.mjs";
import { checked, pageOfParties, partyById } from "./roots.mjs";

const schema = `
  enum Colour { RED YELLOW BLUE GOLD GREEN }
  enum Outcome { MATCHED NAME_MISMATCH NOT_FOUND }
  enum Purpose { LOAN_APPROVAL }
  enum Ground { FULL_PERFORMANCE SETTLEMENT_KEPT CO_OPERATION REMORSE RESTITUTION }
  enum RepairOutcome { SHORTENED SHIELDED REFUSED }
  enum Status { PROPOSED CHIEF_APPROVED CHIEF_RETURNED IN_BATCH PANEL_APPROVED PANEL_REJECTED PUBLISHED EXPIRED
    WITHDRAWN SHIELDED }
  type Court { name: String! }
  type Case { id: ID! number: String cause: String! court: Court! }
  type Behaviour { id: ID! code: String! name: String! }
  type Repair { id: ID! ground: Ground! outcome: RepairOutcome }
  type Deduction {
    id: ID! points: Int! status: Status! publishedAt: String behaviour: Behaviour! case: Case repairs: [Repair!]!
  }
  type DeductionConnection { nodes: [Deduction!]! }
  type CreditCode { colour: Colour! since: String }
  type Party { id: ID! name: String! creditCode: CreditCode deductions(first: Int!): DeductionConnection! }
  type PartyConnection { nodes: [Party!]! }
  type SubjectReport { outcome: Outcome! party: Party }
  input SubjectKey { name: String! idNumber: String organizationCode: String }
  input AccessInput { purpose: Purpose! }
  type Query {
    parties(first: Int!, after: String): PartyConnection!
    party(id: ID!): Party
    subjects(by: [SubjectKey!]!, access: AccessInput!): [SubjectReport!]!
  }
`;

const resolvers = {
  Query: {
    parties: (_, { first, after }) => pageOfParties(first, after),
    party: (_, { id }) => partyById(id),
    subjects: (_, { by }) => checked(by),
  },
};

const app = Fastify({ logger: false });
app.register(mercurius, { schema, resolvers, loaders, jit: 1, graphiql: false });
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
