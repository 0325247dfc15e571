-- A judge, a chief and a member of the panel for every basic court of Ningbo.
insert into staff (name, role, court_code)
select court.name || role, role, court.code
from court
cross join unnest(array['JUDGE', 'CHIEF', 'PANEL']) with ordinality as roles (role, place)
where court.code ~ '^浙02..$' and court.code <> '浙0204'
order by court.code, place
