"""What each audience is shown of the people of a scenario, in a form that fits on a line."""

from typing import Any

from chambers import NINGBO, Chambers

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, LIN, WANG, ZHAO, Subject
from models.court import StaffRole

PERSONS = (CHEN, LIN, WANG, ZHAO)
PEOPLE = (*PERSONS, FORGE)

ITEMS = "deductions(first: 20) { totalCount nodes { points underObjection behaviour { code } } }"
CODE = "creditCode { colour records { type { code } } }"
BANK = f"""query($by: SubjectKey!) {{ subject(by: $by, access: {{ purpose: LOAN_APPROVAL }}) {{ outcome party {{
  {CODE} {ITEMS} listings(first: 9) {{ nodes {{ kind }} }} certificates {{ number }}
  sanctions(first: 9) {{ nodes {{ kind }} }} }} }} }}"""
EMPLOYER = """query($by: SubjectKey!) { subject(by: $by, access: { purpose: SENIOR_POST_QUALIFICATION }) { outcome
  party { ... on Person { codeRecords { colour } listings(first: 9) { nodes { kind } }
  certificates { number } } } } }"""
COMMERCE = f"""query($by: SubjectKey!) {{ subject(by: $by, access: {{ purpose: SUPPLIER_DUE_DILIGENCE }}) {{ outcome
  party {{ ... on Organization {{ {CODE} {ITEMS} }} }} }} }}"""
PORTAL = """{ me { party { creditCode { colour } deductions(first: 20) { nodes { status points
  behaviour { code } objections { outcome } repairs { outcome } } } } } }"""
PUBLIC = """query($name: String!) { publicRecords(name: $name, first: 20) { totalCount nodes { points
  behaviour { code } party { name } } } }"""
COURT = """query($name: String!, $day: Date, $reading: Reading) { parties(first: 1, filter: { name: $name }) { nodes {
  creditCode(asOf: $day, reading: $reading) { colour }
  deductions(first: 20) { nodes { status behaviour { code } } } } } }"""
CONVERSIONS = "{ pointConversions(first: 50) { nodes { points status item { code } } } }"
NOTICES = "{ villageNotices(first: 50) { nodes { category points acknowledgedAt } } }"
MEASURES = "{ measures(first: 50) { nodes { status record { colour } party { name } } } }"
AUDIT = "{ statistics(of: LOOK_UPS, first: 1) { count } }"


def key(subject: Subject) -> dict[str, str]:
    """How a partner names a subject."""
    number = "organizationCode" if subject is FORGE else "idNumber"
    return {"name": subject.name, number: subject.number}


def items(party: Any) -> list[tuple[Any, ...]]:
    """Visible deductions: behaviour, points, and whether an objection is open. The count is of the same."""
    nodes = party["deductions"]["nodes"]
    assert party["deductions"]["totalCount"] == len(nodes)
    return sorted((row["behaviour"]["code"], row["points"], row["underObjection"]) for row in nodes)


def code(party: Any) -> str:
    """A colour and its reasons: "YELLOW Y20"."""
    found = party["creditCode"]
    return " ".join([found["colour"], *sorted(record["type"]["code"] for record in found["records"])])


def bank(chambers: Chambers, subject: Subject) -> Any:
    """Colour, items, lists, certificates, sanctions."""
    found = chambers.data(chambers.partner(Audience.BANK), BANK, {"by": key(subject)})["subject"]
    assert found["outcome"] == "MATCHED"
    party = found["party"]
    lists = [row["kind"] for row in party["listings"]["nodes"]]
    grave = [row["kind"] for row in party["sanctions"]["nodes"]]
    return code(party), items(party), lists, [row["number"] for row in party["certificates"]], grave


def employer(chambers: Chambers, subject: Subject) -> Any:
    """Of a candidate: records, lists, certificates."""
    found = chambers.data(chambers.partner(Audience.EMPLOYER), EMPLOYER, {"by": key(subject)})["subject"]
    assert found["outcome"] == "MATCHED"
    party = found["party"]
    records = sorted(row["colour"] for row in party["codeRecords"])
    return (
        records,
        [row["kind"] for row in party["listings"]["nodes"]],
        [row["number"] for row in party["certificates"]],
    )


def commerce(chambers: Chambers) -> Any:
    """Of the organization: colour and items."""
    party = chambers.data(chambers.partner(Audience.COMMERCE), COMMERCE, {"by": key(FORGE)})["subject"]["party"]
    return code(party), items(party)


def portal(chambers: Chambers, subject: Subject) -> Any:
    """Of oneself: colour, and every item one was notified of with its objections and repairs."""
    party = chambers.data(chambers.partner(Audience.LITIGANT_PORTAL, subject), PORTAL)["me"]["party"]
    rows = party["deductions"]["nodes"]
    shown = sorted(
        (
            row["behaviour"]["code"],
            row["points"],
            row["status"],
            [str(one["outcome"]) for one in row["objections"]],
            [str(one["outcome"]) for one in row["repairs"]],
        )
        for row in rows
    )
    return party["creditCode"]["colour"], shown


def public(chambers: Chambers, subject: Subject) -> Any:
    """The deductions that are published under a name; persons are masked."""
    found = chambers.data(chambers.partner(Audience.PUBLIC_PORTAL), PUBLIC, {"name": subject.name})["publicRecords"]
    assert found["totalCount"] == len(found["nodes"])
    names = {row["party"]["name"] for row in found["nodes"]}
    assert subject is FORGE or subject.name not in names
    deductions = [row for row in found["nodes"] if row["behaviour"]]
    return sorted((row["behaviour"]["code"], row["points"]) for row in deductions)


def court(chambers: Chambers, subject: Subject, day: str | None = None, reading: str = "VALID") -> Any:
    """What a president of the intermediate court sees: the colour on a day, and every item in every state."""
    token = chambers.officer(StaffRole.PRESIDENT, court=NINGBO)
    (party,) = chambers.data(token, COURT, {"name": subject.name, "day": day, "reading": reading})["parties"]["nodes"]
    nodes = party["deductions"]["nodes"]
    return party["creditCode"]["colour"], sorted((row["behaviour"]["code"], row["status"]) for row in nodes)


def moral_bank(chambers: Chambers) -> Any:
    """All conversions, oldest last."""
    nodes = chambers.data(chambers.partner(Audience.MORAL_BANK), CONVERSIONS)["pointConversions"]["nodes"]
    return sorted((row["item"]["code"], row["points"], row["status"]) for row in nodes)


def village(chambers: Chambers) -> Any:
    """The village's notices, and which it has acknowledged."""
    nodes = chambers.data(chambers.partner(Audience.VILLAGE), NOTICES)["villageNotices"]["nodes"]
    return sorted((row["category"], row["points"], row["acknowledgedAt"] is not None) for row in nodes)


def platform(chambers: Chambers) -> Any:
    """The platform's measures."""
    nodes = chambers.data(chambers.partner(Audience.CREDIT_PLATFORM), MEASURES)["measures"]["nodes"]
    return sorted(
        (row["party"]["name"] if row["party"] else "", row["record"]["colour"] if row["record"] else "", row["status"])
        for row in nodes
    )


def snapshot(chambers: Chambers) -> dict[str, Any]:
    """Everything that everybody sees; what an audience sees nothing of is left out."""
    seen: dict[str, Any] = {}
    for subject in PEOPLE:
        seen[f"bank {subject.key}"] = bank(chambers, subject)
        seen[f"portal {subject.key}"] = portal(chambers, subject)
        seen[f"public {subject.key}"] = public(chambers, subject)
        seen[f"court {subject.key}"] = court(chambers, subject)
    for subject in PERSONS:
        seen[f"employer {subject.key}"] = employer(chambers, subject)
    seen["commerce FORGE"] = commerce(chambers)
    seen["moral bank"], seen["village"], seen["platform"] = moral_bank(chambers), village(chambers), platform(chambers)
    return seen
