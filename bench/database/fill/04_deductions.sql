-- Two for every case, of parties drawn at random. Nine in ten are published, and most of those not yet expired.
insert into deduction (
    id, case_id, party_id, role, behaviour_id, stage, tier, points, status, version, conduct_on,
    finding_kind, batch_id, proposed_by, reviewed_by, decided_by, proposed_at, notified_at, published_at,
    determined_on, expires_on, ended_at
)
with behaviours as (
    select stage, array_agg(behaviour order by id) as list from behaviour group by stage
),
courts as (
    select court_code, array_agg(id order by id) as staff from staff group by court_code
),
drawn as (
    select
        key,
        court_case.id as case_id,
        court_case.court_code,
        court_case.stage,
        case when key > :cases then 0 else 1 end as side,
        behaviours.list[1 + pg_temp.draw(key, 3, cardinality(behaviours.list))] as behaviour,
        pg_temp.draw(key, 4, 100) as fate,
        pg_temp.draw(key, 5, 100) < 12 as expired
    from generate_series(1, 2 * cast(:cases as bigint)) as key
    join court_case on court_case.id = 1 + (key - 1) % :cases
    join behaviours on behaviours.stage = court_case.stage
),
dated as (
    select
        drawn.*,
        (behaviour).tier as tier,
        12 * right((behaviour).tier, 1)::int as months,
        case
            when fate < 90 then 'PUBLISHED'
            when fate < 92 then 'WITHDRAWN'
            when fate < 94 then 'SHIELDED'
            when fate < 96 then 'PROPOSED'
            when fate < 98 then 'CHIEF_APPROVED'
            else 'PANEL_REJECTED'
        end as status
    from drawn
),
determined as (
    select
        dated.*,
        fate < 94 as public,
        cast(:today as date) - case
            when expired then 31 * months + pg_temp.draw(key, 6, 300)
            else 30 + pg_temp.draw(key, 6, 27 * months)
        end as determined_on
    from dated
)
select
    key,
    case_id,
    1 + pg_temp.draw(key, 7, :subjects),
    case determined.stage
        when 'ENFORCEMENT' then (array['ENFORCEMENT_APPLICANT', 'JUDGMENT_DEBTOR'])[1 + side]
        else (array['PLAINTIFF', 'DEFENDANT'])[1 + side]
    end,
    (behaviour).id,
    determined.stage,
    tier,
    (behaviour).points_min + pg_temp.draw(key, 8, (behaviour).points_max - (behaviour).points_min + 1),
    determined.status,
    1,
    determined_on - 40,
    'JUDGMENT',
    batch.id,
    staff[1],
    case when determined.status <> 'PROPOSED' then staff[2] end,
    case when public or determined.status = 'PANEL_REJECTED' then staff[3] end,
    determined_on - interval '20 days',
    case when public then determined_on + interval '2 days' end,
    case when public then determined_on + interval '10 days' + pg_temp.draw(key, 9, 864000) * interval '0.1 seconds' end,
    case when public then determined_on end,
    case when public then determined_on + months * interval '1 month' end,
    case when determined.status in ('WITHDRAWN', 'SHIELDED') then determined_on + interval '20 days' end
from determined
join courts on courts.court_code = determined.court_code
left join batch
    on public and batch.court_code = determined.court_code
    and batch.month = date_trunc('month', determined_on + interval '10 days') - interval '1 month'
order by key
