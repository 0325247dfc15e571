-- A quarter of the parties are not green: four in a hundred red, fifteen yellow, six gold.
insert into code_record (party_id, code_type_id, colour, court_code, effective_on, ends_on)
with types as (
    select colour, array_agg(code_type order by code) as list
    from code_type
    where partner_visible and term_months is not null and colour in ('RED', 'YELLOW', 'GOLD')
    group by colour
),
drawn as (
    select id, case
        when draw < 4 then 'RED'
        when draw < 19 then 'YELLOW'
        when draw < 25 then 'GOLD'
    end as colour
    from (select id, pg_temp.draw(id, 20, 100) as draw from party) as parties
),
typed as (
    select
        drawn.id,
        drawn.colour,
        types.list[1 + pg_temp.draw(drawn.id, 21, cardinality(types.list))] as kind,
        cast(:today as date) - 20 - pg_temp.draw(drawn.id, 22, 300) as effective_on
    from drawn
    join types on types.colour = drawn.colour
)
select
    typed.id,
    (kind).id,
    colour,
    '浙0281',
    effective_on,
    effective_on + (kind).term_months * interval '1 month'
from typed
order by typed.id
