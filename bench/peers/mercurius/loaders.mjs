// One batched loader an edge. Nothing is asked twice in these documents' lists, so that results need no cache.
import { rows, today } from "./database.mjs";

const GREEN = { colour: "GREEN", since: null };
const byRow = { opts: { cache: false } };

// `rows` in lists by the value of their column `key`.
function grouped(found, key) {
  const groups = new Map();
  for (const row of found) {
    const group = groups.get(row[key]);
    if (group) group.push(row);
    else groups.set(row[key], [row]);
  }
  return groups;
}

const distinct = (values) => [...new Set(values)];

// A loader of an edge to one row, whose key stands in the parent's `column`.
function toOne(name, text, column, key) {
  return async (queries) => {
    const found = await rows(name, text, [distinct(queries.map(({ obj }) => obj[column]))]);
    const byKey = new Map(found.map((row) => [row[key], row]));
    return queries.map(({ obj }) => byKey.get(obj[column]) ?? null);
  };
}

const CODES = `
  select party_id, colour, lower(during) as since
  from code_period
  where party_id = any($1) and perspective = $2 and upper_inf(known) and during @> $3::date`;

async function creditCodes(queries) {
  const perspective = queries[0].obj.outside ? "OUTSIDE" : "COURT";
  const found = await rows("codes", CODES, [queries.map(({ obj }) => obj.id), perspective, today()]);
  const byParty = new Map(found.map((row) => [row.party_id, row]));
  return queries.map(({ obj }) => byParty.get(obj.id) ?? GREEN);
}

const deductionsOfEach = (condition) => `
  select taken.*
  from unnest($1::bigint[]) as asked (party_id)
  cross join lateral (
    select id, party_id, case_id, behaviour_id, points, published_at as "publishedAt",
      case when status = 'PUBLISHED' and expires_on <= $3::date then 'EXPIRED' else status end as status
    from deduction
    where deduction.party_id = asked.party_id and ${condition}
    order by id
    limit $2
  ) as taken`;
const ALL = deductionsOfEach("true");
const PUBLISHED = deductionsOfEach("status = 'PUBLISHED' and published_at <= now() and expires_on > $3::date");

async function deductions(queries) {
  const [{ obj, params }] = queries;
  const [name, text] = obj.outside ? ["published", PUBLISHED] : ["deductions", ALL];
  const found = await rows(name, text, [queries.map((query) => query.obj.id), params.first, today()]);
  const byParty = grouped(found, "party_id");
  return queries.map((query) => ({ nodes: byParty.get(query.obj.id) ?? [] }));
}

const BEHAVIOURS = "select id, code, name from behaviour where id = any($1)";
const CASES = "select id, number, cause, court_code from court_case where id = any($1)";
const COURTS = "select code, name from court where code = any($1)";
const REPAIRS = "select deduction_id, id, ground, outcome from repair where deduction_id = any($1) order by id";

async function repairs(queries) {
  const found = grouped(await rows("repairs", REPAIRS, [queries.map(({ obj }) => obj.id)]), "deduction_id");
  return queries.map(({ obj }) => found.get(obj.id) ?? []);
}

export const loaders = {
  Party: { creditCode: { loader: creditCodes, ...byRow }, deductions: { loader: deductions, ...byRow } },
  Deduction: {
    behaviour: { loader: toOne("behaviours", BEHAVIOURS, "behaviour_id", "id"), ...byRow },
    case: { loader: toOne("cases", CASES, "case_id", "id"), ...byRow },
    repairs: { loader: repairs, ...byRow },
  },
  Case: { court: { loader: toOne("courts", COURTS, "court_code", "code"), ...byRow } },
};
