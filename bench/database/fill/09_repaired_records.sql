-- Blue: some of those who broke a settlement have begun to keep it.
insert into code_record
    (party_id, code_type_id, colour, court_code, effective_on, repaired_id, repaired_colour)
select party_id, kind.id, kind.colour, '浙0281', effective_on + 10, code_record.id, code_record.colour
from code_record
cross join (select id, colour from code_type where code = 'B01') as kind
where pg_temp.draw(party_id, 25, 2) = 0
    and ends_on >= cast(:today as date)
    and code_type_id in (select id from code_type where code in ('Y19', 'Y20', 'Y21', 'Y22'))
order by party_id
