"""/me: what courts hold about oneself, and what one can do about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.litigants.litigant_principal import PresentLitigant
from auth.request_body import media_type_of
from casework.share_codes import REPORT, SHAREABLE, SHOWN
from casework.terms import compute_first_repair
from models.catalogue import Tier
from models.identifiers import mask_number
from models.policy_profile import PolicyProfile
from models.repair import RepairGround
from models.terms import to_court_day
from pages.asking import Asking, Data, UnansweredError
from pages.forms import UPLOAD_TYPE, read_form, read_upload_form
from pages.language import find_language, put
from pages.me.acts import ACTS, Filled
from pages.me.acts import DOCUMENT as ACTS_DOCUMENT
from pages.me.documents import read_own
from pages.me.door import NO_STORE, LitigantDoor
from pages.public.shown import PATH as SHOWN_PATH
from pages.site import PRIVATE, Site
from pages.squares import draw_square

DOCUMENT = read_own("me.graphql")
PAGE = 50


@dataclass(frozen=True)
class Section:
    """A page of one's own record. operation: its question; template; paged: whether the question takes a cursor."""

    path: str
    operation: str
    template: str
    title: str
    paged: bool = False


SECTIONS = (
    Section("/me", "Me", "me/record.html", "我的信用"),
    Section("/me/cases", "Cases", "me/cases.html", "我的案件", paged=True),
    Section("/me/sharing", "Sharing", "me/sharing.html", "授权与分享"),
    Section("/me/log", "Log", "me/log.html", "谁查过我", paged=True),
)
COPY_PATH = "/me/copy"


@dataclass(frozen=True)
class Outcome:
    """What came of a form. code, address: of a share code or report that was made."""

    status: int = 200
    refused: Sequence[Mapping[str, str]] = ()
    made: Mapping[str, str] | None = None


@dataclass(frozen=True)
class LitigantDesk:
    """The pages of a litigant."""

    site: Site
    asking: Asking
    door: LitigantDoor
    section: Section

    async def show(self, request: Request) -> Response:
        """Return the page; to whoever is not here, how to come."""
        litigant = await self.door.find_litigant(request)
        if litigant is None:
            return self.absent(request)
        return await self._show(request, litigant, Outcome())

    def absent(self, request: Request) -> Response:
        """Return the page that says how to come here."""
        return self.site.render(request, "me/absent.html", 200, PRIVATE)

    async def act(self, request: Request) -> Response:
        """Do what a form asks for. Return to the page; with the reason if it is refused, with the code if one is
        made."""
        form, evidence = await _read(request)
        litigant = await self.door.find_litigant(request)
        if litigant is None:
            return self.absent(request)
        self.door.session.check(request, form)
        outcome = await self._do(request, litigant, Filled(form, litigant, self.asking.clock(), evidence))
        if outcome.status == 200 and not outcome.made:
            return RedirectResponse(f"{self.section.path}?done={form['act']}", 303, NO_STORE)
        return await self._show(request, litigant, outcome)

    async def _do(self, request: Request, litigant: PresentLitigant, filled: Filled) -> Outcome:
        named, language = filled.form.get("act", ""), find_language(request)
        try:
            asked = ACTS[named].read(filled)
        except (KeyError, ValueError):
            return Outcome(400, [{"message": put("请填写全部内容。", request), "hint": ""}])
        key = f"{filled.form.get('key', '')}-{named}"
        try:
            operation = ACTS[named].operation
            told = await self.asking.act(litigant.principal, ACTS_DOCUMENT, {"input": asked}, operation, key, language)
        except UnansweredError as error:
            if error.status >= 500:
                raise
            return Outcome(400, [{"message": error.tell(language), "hint": ""}])
        if refused := told["done"]["errors"]:
            return Outcome(409, refused)
        return Outcome(made=self._lead(filled, told["done"]) if "code" in told["done"] else None)

    def _lead(self, filled: Filled, made: Mapping[str, str]) -> Mapping[str, str]:
        """Return a code that was made; with the address of its page and a square, if it is for whoever is shown it."""
        if filled.form.get("purpose") != SHOWN or "address" in made:
            return made
        address = f"{self.site.issuer}{SHOWN_PATH}?code={made['code']}"
        return {**made, "address": address, "square": draw_square(address)}

    async def _show(self, request: Request, litigant: PresentLitigant, outcome: Outcome) -> Response:
        asked: dict[str, Any] = {"first": PAGE}
        if self.section.paged:
            asked["after"] = request.query_params.get("after") or None
        answer = await self._ask(request, litigant, asked)
        shown: dict[str, Any] = {
            **answer,
            "litigant": litigant,
            "masked": mask_number(litigant.number) if len(litigant.number) == 18 else litigant.number[:1] + "****",
            "sections": SECTIONS,
            "here": self.section.path,
            "refused": outcome.refused,
            "made": outcome.made,
            "done": request.query_params.get("done", "") in ACTS,
            "csrf": self.door.session.csrf_of(request),
            "draw_key": uuid4,
            "today": to_court_day(self.asking.clock()).isoformat(),
            "grounds": list(RepairGround),
            "purposes": sorted(SHAREABLE),
            "share_purposes": [SHOWN, *sorted(SHAREABLE)],
            "report_purposes": sorted(REPORT.purposes),
            "repair_day": find_repair_day,
        }
        return self.site.render(request, self.section.template, outcome.status, PRIVATE, **shown)

    async def _ask(self, request: Request, litigant: PresentLitigant, asked: Mapping[str, Any]) -> Data:
        return await self.asking.ask(
            litigant.principal, DOCUMENT, asked, self.section.operation, find_language(request)
        )


def find_repair_day(item: Data, today: str) -> str:
    """Return the first day on which a deduction may be repaired, by the profile of its court today (R9)."""
    profiles = (one["profile"] for one in item["case"]["court"]["policyProfiles"] if one["beginsOn"] <= today)
    profile, since = PolicyProfile(next(profiles, PolicyProfile.LOCAL_2021)), date.fromisoformat(item["determinedOn"])
    return compute_first_repair(profile, Tier(item["tier"]), item["points"], since).isoformat()


async def _read(request: Request) -> tuple[Mapping[str, str], str | None]:
    """Return a form and the SHA-256 of its file, if it has one. Raises BadFormError."""
    if media_type_of(request.headers) == UPLOAD_TYPE:
        return await read_upload_form(request)
    return await read_form(request), None
