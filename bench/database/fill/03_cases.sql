-- Cases of all basic courts of Ningbo in turn, filed before anything that is found in them.
insert into court_case
    (id, number, court_code, year, type_characters, stage, cause, confidentiality, filed_on, closed_on)
select
    key,
    '(' || extract(year from filed_on) || ')' || court_code || characters || key || '号',
    court_code,
    extract(year from filed_on),
    characters,
    case characters when '执' then 'ENFORCEMENT' else 'TRIAL' end,
    causes[1 + pg_temp.draw(key, 2, cardinality(causes))],
    'OPEN',
    filed_on,
    filed_on + 90
from (
    select
        key,
        courts.codes[1 + key % cardinality(courts.codes)] as court_code,
        case key % 3 when 0 then '执' else '民初' end as characters,
        cast(:today as date) - 1500 - pg_temp.draw(key, 1, 500) as filed_on,
        array['民间借贷纠纷', '买卖合同纠纷', '金融借款合同纠纷', '物业服务合同纠纷', '建设工程施工合同纠纷'] as causes
    from generate_series(1, cast(:cases as bigint)) as key
    cross join (select array_agg(distinct court_code order by court_code) as codes from staff) as courts
) as drawn
order by key
