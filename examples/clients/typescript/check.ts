// A bank checks two customers before a loan: node check.ts
import { FinanceCheckDocument } from "./generated/graphql.ts";
import { ask } from "./suxin.ts";

const { financeCheck } = await ask(FinanceCheckDocument, {
  by: [
    { name: "陈守信", idNumber: "330281190001010004", reference: "KH-1" },
    { name: "宁波金榜电器有限公司", organizationCode: "91330212999999920E", reference: "KH-2" },
  ],
  access: { purpose: "LOAN_APPROVAL", operator: "T0417", branch: "余姚支行" },
});

for (const { reference, outcome, risk } of financeCheck) {
  const rules = risk?.reasons.map(({ rule }) => rule.code).join(" ");
  console.log(reference, outcome, risk?.grade ?? "-", rules ?? "");
}
