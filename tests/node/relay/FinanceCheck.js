import { graphql } from "relay-runtime";

export const query = graphql`
  query FinanceCheckQuery($by: [SubjectKey!]!, $access: AccessInput!) {
    financeCheck(by: $by, access: $access) {
      outcome
      reference
      party {
        ...FinanceCheck_party
      }
    }
  }
`;

export const fragment = graphql`
  fragment FinanceCheck_party on Party {
    name
    creditCode {
      colour
    }
  }
`;
