-- A third of them have an older record that is over: a colour before the green before the colour of today.
insert into code_record (party_id, code_type_id, colour, court_code, effective_on, ends_on)
select past.party_id, kind.id, kind.colour, '浙0281', started, started + interval '24 months'
from (select party_id, cast(:today as date) - 1200 - pg_temp.draw(party_id, 23, 100) as started from code_record) as past
cross join (select id, colour from code_type where code = 'Y04') as kind
where pg_temp.draw(party_id, 24, 3) = 0
order by past.party_id
