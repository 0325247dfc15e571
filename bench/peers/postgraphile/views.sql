-- What PostGraphile serves: views of the product's tables with smart tags, in a schema of their own.
drop schema if exists bench cascade;
create schema bench;

-- The colour comes by a lateral join with a limit: as a view of its own that is joined by key, PostgreSQL would read it
-- from its first row on for a page far down the list.
create view bench.party as
select party.id, party.name, code.colour, code.since
from public.party
left join lateral (
    select colour, lower(during) as since
    from public.code_period
    where party_id = party.id and perspective = 'COURT' and upper_inf(known) and during @> (now() at time zone 'Asia/Shanghai')::date
    limit 1
) as code on true;

create view bench.court as
select code, name from public.court;

create view bench.court_case as
select id, number, cause, court_code from public.court_case;

create view bench.behaviour as
select id, code, name from public.behaviour;

create view bench.deduction as
select id, party_id, case_id, behaviour_id, points, published_at,
    case
        when status = 'PUBLISHED' and expires_on < (now() at time zone 'Asia/Shanghai')::date then 'EXPIRED'
        else status
    end as status
from public.deduction;

create view bench.repair as
select id, deduction_id, ground, outcome from public.repair;

create view bench.subject as
select party.id, identity.index, party.name, party.kind, code.colour
from public.identity
join public.party on party.id = identity.party_id
left join lateral (
    select colour
    from public.code_period
    where party_id = party.id and perspective = 'OUTSIDE' and upper_inf(known) and during @> (now() at time zone 'Asia/Shanghai')::date
    limit 1
) as code on true
where party.disclosed;

create view bench.public_deduction as
select id, party_id, behaviour_id, points
from public.deduction
where status = 'PUBLISHED' and published_at <= now() and expires_on >= (now() at time zone 'Asia/Shanghai')::date;

-- The subjects with these keyed hashes, in the order of the hashes.
create function bench.checked(indexes text[]) returns setof bench.subject language sql stable as $$
    select subject.*
    from unnest(indexes) with ordinality as asked (index, place)
    join bench.subject on subject.index = decode(asked.index, 'hex')
    order by asked.place
$$;

comment on view bench.party is E'@primaryKey id';
comment on view bench.court is E'@primaryKey code';
comment on view bench.behaviour is E'@primaryKey id';
comment on view bench.subject is E'@primaryKey id';
comment on view bench.court_case is E'@primaryKey id\n'
    '@foreignKey (court_code) references bench.court (code)|@fieldName court';
comment on view bench.deduction is E'@primaryKey id\n'
    '@foreignKey (party_id) references bench.party (id)|@foreignFieldName deductions\n'
    '@foreignKey (case_id) references bench.court_case (id)|@fieldName case\n'
    '@foreignKey (behaviour_id) references bench.behaviour (id)|@fieldName behaviour';
comment on view bench.repair is E'@primaryKey id\n'
    '@foreignKey (deduction_id) references bench.deduction (id)|@foreignFieldName repairs';
comment on view bench.public_deduction is E'@primaryKey id\n'
    '@foreignKey (party_id) references bench.subject (id)|@foreignFieldName deductions\n'
    '@foreignKey (behaviour_id) references bench.behaviour (id)|@fieldName behaviour';
