"""The catalogue: versioned tables of behaviours, code types and moral-bank items."""

from datetime import date

import models
from auth.scopes import Scope
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from models.catalogue import Colour, ItemKind, Stage, Tier
from resolvers.visibility.predicates import may_see_catalogue

CATALOGUE = any_of(Scope.CATALOGUE)
EVIDENCE = "What the entry rests on: S source articles, Y19/N19/B public notices, D derived, K unverified (依据等级)."


@row_type(
    models.CatalogueVersion,
    seen_by=may_see_catalogue,
    requires=CATALOGUE,
    description="An edition of the catalogue (目录版本).",
)
class CatalogueVersion(Node):
    """An edition of the catalogue."""

    label: str = column("label", "Its name (版本号).")
    effective_from: date = column("effective_from", "First day in force (生效日期).")
    effective_to: date | None = column("effective_to", "Day on which it ceased to be in force (失效日期).")
    note: str = column("note", "Where it comes from and how far it may be trusted (说明).")


@row_type(
    models.Behaviour,
    seen_by=may_see_catalogue,
    requires=CATALOGUE,
    description="A dishonest behaviour that takes points (失信行为).",
)
class Behaviour(Node):
    """A behaviour."""

    code: str = column("code", "Code in the catalogue (行为代码), such as E03.")
    stage: Stage = column("stage", "The stage it belongs to (所属环节).")
    tier: Tier = column("tier", "How grave it is (等级).")
    name: str = column("name", "Name (行为名称).")
    english_name: str = column("english_name", "Name in English.")
    legal_basis: str = column("legal_basis", "Statutes and interpretations (法律依据).")
    points_min: int = column("points_min", "Fewest points it takes (最低扣分).")
    points_max: int = column("points_max", "Most points it takes (最高扣分).")
    evidence: str = column("evidence", EVIDENCE)
    version: CatalogueVersion = relation(models.Behaviour.version, "The edition that holds it (所属版本).")


@row_type(
    models.CodeType,
    seen_by=may_see_catalogue,
    requires=CATALOGUE,
    description="A kind of record that colours a code (信用码类型).",
)
class CodeType(Node):
    """A kind of record."""

    code: str = column("code", "Code in the catalogue (类型代码), such as Y18.")
    colour: Colour = column("colour", "The colour it gives (颜色).")
    name: str = column("name", "Name (类型名称).")
    english_name: str = column("english_name", "Name in English.")
    legal_basis: str = column("legal_basis", "Statutes and interpretations (法律依据).")
    term_months: int | None = column("term_months", "Ordinary term in months (期限); none where it is open.")
    term_note: str = column("term_note", "What the term depends on (期限说明).")
    exit_rule: str = column("exit_rule", "How it ends (退出条件).")
    evidence: str = column("evidence", EVIDENCE)
    version: CatalogueVersion = relation(models.CodeType.version, "The edition that holds it (所属版本).")


@row_type(
    models.MoralBankItem,
    seen_by=may_see_catalogue,
    requires=any_of(Scope.CATALOGUE),
    description="An item that litigation credit is converted into (道德银行项目).",
)
class MoralBankItem(Node):
    """A moral-bank item."""

    code: str = column("code", "Code in the catalogue (项目代码), such as MD3.")
    kind: ItemKind = column("kind", "Bonus, deduction, veto or repair (类别).")
    name: str = column("name", "Name (项目名称).")
    english_name: str = column("english_name", "Name in English.")
    grounded_in: str = column("grounded_in", "What it rests on (来源).")
    note: str = column("note", "How points follow from it (计分说明).")
