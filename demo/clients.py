"""Register one client of each audience."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from joserfc.jwk import ECKey

from auth.audiences import Audience
from auth.clients.registration import Registration
from auth.clients.registry import OF_A_COURT, add_client
from demo.city.cast import DEMO_COURT, DEMO_VILLAGE
from models.client import Client, ClientProfile
from models.household import Village

FAPI2_BANK = "demo-bank-fapi2"
"""A client of the class `fapi2`, beside the pilots."""

CITY_COURT, CITY_COURT_CLIENT = "浙02", "demo-court-ningbo"
"""The intermediate court, and its client: its figures are those of all courts below it."""

REDIRECT_URI = "http://127.0.0.1/signed-in"
"""The redirect URI of the court client. The demo reads the code from it without a request."""

NAMES = {
    Audience.BANK: "余姚农商银行 (demo)",
    Audience.EMPLOYER: "宁波人力资源服务公司 (demo)",
    Audience.COMMERCE: "宁波招标中心 (demo)",
    Audience.MORAL_BANK: "余姚道德银行总行 (demo)",
    Audience.VILLAGE: "泗门镇小路下村 (demo)",
    Audience.COURT: "余姚市人民法院审管办 (demo)",
    Audience.PUBLIC_PORTAL: "诉查查公开查询 (demo)",
    Audience.LITIGANT_PORTAL: "人民法院在线服务 (demo)",
    Audience.CREDIT_PLATFORM: "信用宁波 (demo)",
    Audience.AUDITOR: "信用数据审计 (demo)",
    Audience.LABOUR_ARBITRATION: "余姚市劳动人事争议仲裁院 (demo)",
}


@dataclass(frozen=True)
class DemoClient:
    """A registered client: its identifier, its private JWK, and its primary key."""

    client_id: str
    key: Mapping[str, Any]
    primary_key: int


def register_clients(connection: sa.Connection, now: datetime) -> dict[Audience, DemoClient]:
    """Register a `private_key_jwt` client for each audience, in the caller's transaction."""
    if connection.scalar(sa.select(Village.id).where(Village.name == DEMO_VILLAGE)) is None:
        connection.execute(sa.insert(Village).values(name=DEMO_VILLAGE))
    return {audience: _register(connection, audience, now) for audience in Audience}


def register_fapi2(connection: sa.Connection, now: datetime) -> DemoClient:
    """Register a second bank, of the class `fapi2`, in the caller's transaction."""
    return _register(connection, Audience.BANK, now, FAPI2_BANK, ClientProfile.FAPI2)


def register_city_court(connection: sa.Connection, now: datetime) -> DemoClient:
    """Register the client of the intermediate court, in the caller's transaction."""
    return _register(connection, Audience.COURT, now, CITY_COURT_CLIENT, court=CITY_COURT)


def _register(
    connection: sa.Connection,
    audience: Audience,
    now: datetime,
    client_id: str = "",
    profile: ClientProfile = ClientProfile.PILOT,
    court: str = DEMO_COURT,
) -> DemoClient:
    """Register a client; by default a pilot, so that the API can be tried with curl alone."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    registration = Registration(
        name=NAMES[audience],
        audience=audience,
        jwks={"keys": [key.as_dict(private=False)]},
        client_id=client_id or f"demo-{audience.value.lower().replace('_', '-')}",
        court_code=court if audience in OF_A_COURT else None,
        village=DEMO_VILLAGE if audience is Audience.VILLAGE else None,
        redirect_uris=[REDIRECT_URI] if audience is Audience.COURT else (),
        profile=profile,
    )
    added = add_client(connection, registration, now=now, allow_pilot_persons=True).client_id
    primary_key = connection.scalars(sa.select(Client.id).where(Client.client_id == added)).one()
    return DemoClient(added, key.as_dict(private=True), primary_key)
