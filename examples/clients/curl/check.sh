#!/bin/sh
# A bank checks two customers before a loan: sh check.sh
# Needs curl, and for the signature python3 with joserfc (pip install joserfc).
set -eu
: "${SUXIN:=http://127.0.0.1:8000}" "${SUXIN_CLIENT:=demo-bank}" "${SUXIN_CLIENT_KEY:=.suxin/demo/clients/demo-bank.json}"
export SUXIN SUXIN_CLIENT SUXIN_CLIENT_KEY

# A JWT that says who we are (RFC 7523), good for one minute and once.
assertion=$(python3 - <<'PYTHON'
import json, os, time, uuid
from joserfc import jwt
from joserfc.jwk import ECKey

client, now = os.environ["SUXIN_CLIENT"], int(time.time())
key = ECKey.import_key(json.load(open(os.environ["SUXIN_CLIENT_KEY"])))
claims = {"iss": client, "sub": client, "aud": os.environ["SUXIN"], "jti": str(uuid.uuid4()), "iat": now, "exp": now + 60}
print(jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key))
PYTHON
)

token=$(curl -sS --fail-with-body "$SUXIN/oauth/token" \
  -d grant_type=client_credentials \
  -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
  -d client_assertion="$assertion" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')

curl -sS --fail-with-body "$SUXIN/graphql" \
  -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{
    "query": "query ($by: [SubjectKey!]!, $access: AccessInput!) { financeCheck(by: $by, access: $access) { reference outcome risk { grade reasons { rule { code } } } } }",
    "variables": {
      "by": [
        {"name": "陈守信", "idNumber": "330281190001010004", "reference": "KH-1"},
        {"name": "宁波金榜电器有限公司", "organizationCode": "91330212999999920E", "reference": "KH-2"}],
      "access": {"purpose": "LOAN_APPROVAL", "operator": "T0417", "branch": "余姚支行"}}}'
