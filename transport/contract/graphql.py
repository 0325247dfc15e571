"""/graphql as two operations of the OpenAPI document: one by POST, one by GET. What can be asked is in the schema."""

from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from auth.server.contract.operations import BOUND, CHALLENGE, LANGUAGE, NONCE, PROOF, RETRY_AFTER, TOKEN
from languages.words import read_error_kinds
from openapi.operation import ApiAnswer, ApiOperation, ApiParameter, SentHeader

GRAPHQL = "GraphQL"
JSON, STRICT, STREAM = "application/json", "application/graphql-response+json", "text/event-stream"

Code = Annotated[
    str,
    Meta(
        description="Further codes may be added: treat an unknown one by its status.",
        extra_json_schema={"x-extensible-enum": sorted(read_error_kinds())},
    ),
]


class PersistedQuery(TypedDict):
    """A document by its hash, as Apollo's clients send it."""

    version: int
    sha256Hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class QuestionExtensions(TypedDict, total=False):
    """What is asked beside the answer. Other members are ignored."""

    receipt: Annotated[bool, Meta(description="Whether the answer brings a receipt of the transparency log.")]
    persistedQuery: PersistedQuery


class GraphQLQuestion(TypedDict, total=False):
    """A request (GraphQL over HTTP): `query`, or the id of a registered document. Other members are ignored."""

    query: Annotated[str | None, Meta(description="The document.")]
    documentId: Annotated[str | None, Meta(description="Of a registered document, instead of its text.")]
    operationName: Annotated[str | None, Meta(description="Which operation, if the document has several.")]
    variables: dict[str, Any] | None
    extensions: QuestionExtensions | None


class SourcePlace(TypedDict):
    """A place in the document."""

    line: int
    column: int


class GraphQLProblem(TypedDict):
    """An error. Its extensions have a code, and what the code's page says."""

    message: Annotated[str, Meta(description="In the language of Accept-Language; its text may change.")]
    locations: NotRequired[list[SourcePlace]]
    path: NotRequired[list[str | int]]
    extensions: "ProblemExtensions"


class ProblemExtensions(TypedDict):
    """What a program reads of an error. There may be more members, such as missingScopes or retryAfter."""

    code: Code


class ThrottleStatus(TypedDict):
    """The client's budget in points."""

    maximumAvailable: int
    currentlyAvailable: int
    restoreRate: Annotated[int, Meta(description="Points a second.")]


class AnswerCost(TypedDict, total=False):
    """What an answer costs, in points."""

    requestedQueryCost: Annotated[int, Meta(description="The objects that the document may ask for at most.")]
    maximumQueryCost: Annotated[int, Meta(description="What one operation may ask for.")]
    actualQueryCost: Annotated[
        int | None, Meta(description="Charged: the objects of the answer, or the time of the database if that is more.")
    ]
    throttleStatus: ThrottleStatus


class AnswerExtensions(TypedDict, total=False):
    """What an answer says beside data and errors. There may be more members."""

    requestId: Annotated[str, Meta(description="By which the access log knows the answer.")]
    cost: AnswerCost
    docUrl: Annotated[str, Meta(description="The page about the code of the first error.")]
    remedy: Annotated[str, Meta(description="What to do about it.")]
    deprecations: list[dict[str, Any]]
    receipt: str | None
    consistency: Annotated[str, Meta(description="Send it as Suxin-Consistency to be answered from no earlier state.")]
    idempotencyReplayed: bool


class GraphQLAnswer(TypedDict):
    """An answer. Without `data`, nothing was executed."""

    data: NotRequired[dict[str, Any] | None]
    errors: NotRequired[list[GraphQLProblem]]
    extensions: NotRequired[AnswerExtensions]


def answer(status: int, about: str, *headers: SentHeader, code: str = "") -> ApiAnswer:
    """Return an answer of the endpoint. code: of the error, for an example."""
    example = {"errors": [{"message": about, "extensions": {"code": code}}]} if code else None
    return ApiAnswer(status, about, {JSON: GraphQLAnswer, STRICT: GraphQLAnswer}, headers, example)


ALLOW = SentHeader("Allow", "POST")
REQUEST_ID = SentHeader("X-Request-Id", "As extensions.requestId.")
ANSWERED = ApiAnswer(
    200,
    "The answer. Errors may stand beside the data; with Accept: application/json, also errors of the document.",
    {JSON: GraphQLAnswer, STRICT: GraphQLAnswer, STREAM: str},
    [REQUEST_ID, NONCE, SentHeader("Deprecation", "RFC 9745."), SentHeader("Sunset", "RFC 8594.")],
)
REFUSALS = (
    answer(400, "The request or its document is wrong.", REQUEST_ID, code="BAD_REQUEST"),
    answer(401, "There is no valid token, or its proof is not.", CHALLENGE, NONCE, code="UNAUTHENTICATED"),
    answer(403, "The token lacks scopes.", CHALLENGE, code="FORBIDDEN"),
    answer(405, "Only the schema and the catalogue are read by GET.", ALLOW, code="METHOD_NOT_ALLOWED"),
    answer(413, "The body is larger than 64 KiB.", code="BODY_TOO_LARGE"),
    answer(415, "The body is not JSON.", code="UNSUPPORTED_MEDIA_TYPE"),
    answer(429, "The budget is used up, or too much is asked at once.", RETRY_AFTER, code="THROTTLED"),
    answer(500, "Something failed in the service.", code="INTERNAL"),
    answer(503, "The answer took too long, or the service cannot answer now.", RETRY_AFTER, code="UNAVAILABLE"),
)
CALLERS = {TOKEN: (), BOUND: ()}
IDEMPOTENCY = SentHeader("Idempotency-Key", "For mutations: the same key brings the same answer, for a day.")
EXAMPLE = {
    "query": 'query ($code: String!) { subject(by: {name: "宁波金榜电器有限公司", organizationCode: $code}, '
    "access: {purpose: LOAN_APPROVAL}) { outcome } }",
    "variables": {"code": "91330212999999920E"},
}
ASK = ApiOperation(
    "POST",
    "ask",
    GRAPHQL,
    "Ask, or act, with a GraphQL document",
    (ANSWERED, *(one for one in REFUSALS if one.status != 405)),
    "What can be asked is in the schema: /developers/schema/AUDIENCE.graphql. Subscriptions come by server-sent events "
    "(Accept: text/event-stream), or by a WebSocket at this address (graphql-transport-ws).",
    callers=CALLERS,
    bodies={JSON: GraphQLQuestion},
    headers=[PROOF, LANGUAGE, IDEMPOTENCY],
    example=EXAMPLE,
)
ASK_BY_ADDRESS = ApiOperation(
    "GET",
    "askByAddress",
    GRAPHQL,
    "Read the schema or the catalogue",
    (ANSWERED, *(one for one in REFUSALS if one.status not in {413, 415})),
    "Nothing else: addresses are logged on their way.",
    callers=CALLERS,
    parameters=[
        ApiParameter("query", "The document.", "query", required=False, example="{ __typename }"),
        ApiParameter("documentId", "Of a registered document.", "query", required=False),
        ApiParameter("operationName", "Which operation.", "query", required=False),
        ApiParameter("variables", "As JSON.", "query", required=False),
        ApiParameter("extensions", "As JSON.", "query", required=False),
    ],
    headers=[PROOF, LANGUAGE],
)
