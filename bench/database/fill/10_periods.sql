-- What follows from the records: each begins its colour, and its end begins green. No records, no periods: green.
insert into code_period (party_id, perspective, during, colour)
with changes (party_id, day, colour) as (
    select distinct party_id, null::date, 'GREEN' from code_record
    union all
    select party_id, effective_on, colour from code_record
    union all
    select party_id, ends_on + 1, 'GREEN' from code_record where ends_on is not null
)
select
    party_id,
    perspective,
    daterange(day, lead(day) over (partition by party_id, perspective order by day nulls first)),
    colour
from changes
cross join unnest(array['COURT', 'OUTSIDE']) as perspective
order by party_id, perspective, day nulls first
