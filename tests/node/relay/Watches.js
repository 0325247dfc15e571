import { graphql } from "relay-runtime";

export const query = graphql`
  query WatchesQuery {
    ...Watches_list
  }
`;

export const list = graphql`
  fragment Watches_list on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "WatchesNextQuery") {
    watches(first: $count, after: $cursor) @connection(key: "Watches_watches") {
      edges {
        node {
          reference
        }
      }
    }
  }
`;

export const watch = graphql`
  mutation WatchesAddMutation($input: WatchInput!) {
    watch(input: $input) {
      lines {
        outcome
      }
      errors {
        code
        message
      }
    }
  }
`;

export const events = graphql`
  subscription WatchesEventsSubscription($after: String) {
    events(after: $after) {
      cursor
      node {
        kind
        reference
      }
    }
  }
`;
