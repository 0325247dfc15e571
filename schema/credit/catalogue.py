"""The catalogue: editions of behaviours, code types and moral-bank items."""

from datetime import date

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.catalogue import Colour, ItemKind, Stage, Tier
from resolvers.visibility.predicates import may_see_catalogue
from schema.requirements import CATALOGUE

EVIDENCE = "What the entry rests on: S source articles, Y19/N19/B public notices, D derived, K unverified (依据等级)."


@row_type(models.CatalogueVersion, seen_by=may_see_catalogue, requires=CATALOGUE)
class CatalogueVersion(Node):
    """An edition of the catalogue (目录版本)."""

    label: str = column("Its name (版本号).")
    effective_from: date = column("First day in force (生效日期).")
    effective_to: date | None = column("Day on which it ceased to be in force (失效日期).")
    note: str = column("Where it comes from and how far it may be trusted (说明).")


@row_type(models.Behaviour, seen_by=may_see_catalogue, requires=CATALOGUE)
class Behaviour(Node):
    """A dishonest behaviour that takes points (失信行为)."""

    code: str = column("Code in the catalogue (行为代码), such as E03.")
    stage: Stage = column("The stage it belongs to (所属环节).")
    tier: Tier = column("How grave it is (等级).")
    name: str = column("Name (行为名称).")
    english_name: str = column("Name in English.")
    legal_basis: str = column("Statutes and interpretations (法律依据).")
    points_min: int = column("Fewest points it takes (最低扣分).")
    points_max: int = column("Most points it takes (最高扣分).")
    evidence: str = column(EVIDENCE)
    version: CatalogueVersion = relation(models.Behaviour.version, "The edition that holds it (所属版本).")


@row_type(models.CodeType, seen_by=may_see_catalogue, requires=CATALOGUE)
class CodeType(Node):
    """A kind of record that colours a code (信用码类型)."""

    code: str = column("Code in the catalogue (类型代码), such as Y18.")
    colour: Colour = column("The colour it gives (颜色).")
    name: str = column("Name (类型名称).")
    english_name: str = column("Name in English.")
    legal_basis: str = column("Statutes and interpretations (法律依据).")
    term_months: int | None = column("Ordinary term in months (期限); none where it is open.")
    term_note: str = column("What the term depends on (期限说明).")
    exit_rule: str = column("How it ends (退出条件).")
    evidence: str = column(EVIDENCE)
    version: CatalogueVersion = relation(models.CodeType.version, "The edition that holds it (所属版本).")


@row_type(models.MoralBankItem, seen_by=may_see_catalogue, requires=CATALOGUE)
class MoralBankItem(Node):
    """An item that litigation credit is converted into (道德银行项目)."""

    code: str = column("Code in the catalogue (项目代码), such as MD3.")
    kind: ItemKind = column("Bonus, deduction, veto or repair (类别).")
    name: str = column("Name (项目名称).")
    english_name: str = column("Name in English.")
    grounded_in: str = column("What it rests on (来源).")
    note: str = column("How points follow from it (计分说明).")
