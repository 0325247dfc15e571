-- Whoever lost points took part in the case.
insert into participation (case_id, party_id, name, role)
select deduction.case_id, party.id, party.name, deduction.role
from deduction
join party on party.id = deduction.party_id
order by deduction.id
