"""The documents of the commands."""

CREATE_WEBHOOK = """mutation CreateWebhook($input: CreateWebhookInput!) {
  createWebhook(input: $input) { webhook { id publicKey } errors { message } }
}"""

DELETE_WEBHOOK = """mutation DeleteWebhook($input: DeleteWebhookInput!) {
  deleteWebhook(input: $input) { errors { message } }
}"""

EVENTS = """query Events($after: String) {
  events(first: 100, after: $after) {
    nodes { id kind reference occurredAt }
    pageInfo { endCursor hasNextPage }
  }
}"""

REQUESTS = """query Requests($filter: RequestFilter, $after: String) {
  requestLog(first: 100, filter: $filter, after: $after) {
    nodes { id at requestId path operation field status outcome cost milliseconds }
    pageInfo { endCursor hasNextPage }
  }
}"""
