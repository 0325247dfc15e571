-- One for every fifth published deduction, a second one for some of those that were refused.
insert into repair
    (party_id, deduction_id, ground, commitment, amount_performed, evidence_document, evidence_digest,
    applied_on, outcome, new_end, reasons, decided_at)
select
    party_id,
    id,
    (array['FULL_PERFORMANCE', 'SETTLEMENT_KEPT', 'CO_OPERATION', 'REMORSE', 'RESTITUTION'])[1 + pg_temp.draw(id, 11, 5)],
    '已履行义务, 承诺守信',
    1 + pg_temp.draw(id, 12, 1000000),
    '收款收据',
    decode(repeat('00', 32), 'hex'),
    determined_on + 20,
    outcome,
    case outcome when 'SHORTENED' then expires_on end,
    case outcome when 'REFUSED' then '未达最短期限' end,
    case when outcome is not null then determined_on + interval '25 days' end
from (
    select deduction.*, times.nth, case
        when status = 'SHIELDED' then 'SHIELDED'
        when nth = 2 or (pg_temp.draw(id, 13, 3) = 0 and pg_temp.draw(id, 14, 10) <> 0) then null
        when pg_temp.draw(id, 13, 3) = 1 or pg_temp.draw(id, 14, 10) = 0 then 'REFUSED'
        else 'SHORTENED'
    end as outcome
    from deduction
    cross join generate_series(1, case when pg_temp.draw(id, 14, 10) = 0 and status = 'PUBLISHED' then 2 else 1 end)
        as times (nth)
    where status = 'SHIELDED' or (status = 'PUBLISHED' and pg_temp.draw(id, 10, 5) = 0)
) as asked
order by id, nth
