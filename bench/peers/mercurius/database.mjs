// The pool that roots and loaders share: prepared statements, and texts where JavaScript has no fitting type.
import pg from "pg";

const { builtins, setTypeParser } = pg.types;
setTypeParser(builtins.INT8, Number);
setTypeParser(builtins.DATE, (text) => text);
setTypeParser(builtins.TIMESTAMPTZ, moment);

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: 8,
  options: "-c timezone=UTC -c jit=off",
});

// 2026-11-21 08:00:00.5+00 becomes 2026-11-21T08:00:00.500000Z.
function moment(text) {
  const seconds = text.slice(11, -3);
  const whole = seconds.length > 8 ? seconds.padEnd(15, "0") : `${seconds}.000000`;
  return `${text.slice(0, 10)}T${whole}Z`;
}

// The rows of a statement, which is prepared under its name on every connection that runs it.
export async function rows(name, text, values) {
  return (await pool.query({ name, text, values })).rows;
}

const courtDay = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" });

// Today in the court's zone, as YYYY-MM-DD.
export function today() {
  return courtDay.format(Date.now());
}
