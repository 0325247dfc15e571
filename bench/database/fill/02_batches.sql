-- A batch for every court and month in which anything can have been published.
insert into batch (court_code, month, status, published_at)
select court_code, month::date, 'PUBLISHED', month + interval '1 month 2 hours'
from (select distinct court_code from staff) as courts
cross join generate_series(
    date_trunc('month', cast(:today as date) - 1500), date_trunc('month', cast(:today as date)) - interval '1 month', interval '1 month'
) as months (month)
order by court_code, month
