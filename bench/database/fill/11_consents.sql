-- Every person has authorised the bank.
insert into consent (reference, client_key, subject_index, purposes, scopes, signed_on, valid_from, valid_to)
select
    'SQ-BENCH-' || identity.party_id,
    client.id,
    identity.index,
    array['LOAN_APPROVAL'],
    array['person.credit.read', 'person.integrity.read'],
    cast(:today as date) - 30,
    cast(:today as date) - interval '30 days',
    cast(:today as date) + interval '10 years'
from identity
cross join client
where identity.type = 'RESIDENT_ID' and client.client_id = 'demo-bank'
order by identity.party_id
