#!/bin/sh
# Asks the service: sh ask.sh DOCUMENT.graphql VARIABLES.json, or, by a registered document: sh ask.sh sha256:ID VARIABLES.json
# Sends a file of subjects to check or to watch: sh ask.sh SUBJECTS.csv
# SUXIN: its address. CLIENT: your client id. KEY: your private key, Ed25519 in PEM. KID: its name in your JWK set.
# A litigants' portal also names its user: USER_ID, USER_NAME, USER_NUMBER.
# Needs curl, jq and OpenSSL 3. The token is bound to the key (DPoP, RFC 9449), as tokens for data of persons must be.
set -eu
: "${SUXIN:?export the address of the service}" "${CLIENT:?export your client id}" "${KEY:=private.pem}" "${KID:=key-1}"
document=$1 variables=${2:-}
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nonce=""

encode() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

sign() { # HEADER CLAIMS
    printf '%s.%s' "$(printf '%s' "$1" | encode)" "$(printf '%s' "$2" | encode)" > "$work/signed"
    printf '%s.%s' "$(cat "$work/signed")" "$(openssl pkeyutl -sign -rawin -inkey "$KEY" -in "$work/signed" | encode)"
}

state() { # MORE_CLAIMS
    jq -nc --argjson more "$1" --arg jti "$(openssl rand -hex 16)" '{$jti, iat: (now | floor)} + $more'
}

vouch() { # MORE_CLAIMS: a JWT that says who we are (RFC 7523)
    claims=$(jq -nc --argjson more "$1" --arg iss "$CLIENT" --arg aud "$SUXIN" '{$iss, $aud, exp: (now + 60 | floor)} + $more')
    sign "{\"alg\": \"EdDSA\", \"kid\": \"$KID\"}" "$(state "$claims")"
}

prove() { # URL MORE_CLAIMS: a JWT that we have the key
    x=$(openssl pkey -in "$KEY" -pubout -outform DER | tail -c 32 | encode)
    claims=$(jq -nc --argjson more "$2" --arg htu "$1" --arg nonce "$nonce" '{htm: "POST", $htu} + $more
        + if $nonce == "" then {} else {$nonce} end')
    sign "{\"typ\": \"dpop+jwt\", \"alg\": \"EdDSA\", \"jwk\": {\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"$x\"}}" \
        "$(state "$claims")"
}

post() { # URL MORE_CLAIMS CURL_OPTIONS...: once more with the nonce that the service demands
    url=$1 more=$2
    shift 2
    for attempt in first second; do
        printf 'DPoP: %s\n' "$(prove "$url" "$more")" > "$work/proof"
        curl -sS "$url" -D "$work/head" -o "$work/body" -H "@$work/proof" "$@"
        nonce=$(grep -i '^dpop-nonce:' "$work/head" | cut -d ' ' -f 2 | tr -d '\r') || true
        [ "$attempt" = first ] && grep -q use_dpop_nonce "$work/head" "$work/body" || return 0
    done
}

vouch "$(jq -nc --arg sub "$CLIENT" '{$sub}')" > "$work/assertion"
if [ "${USER_ID:-}" ]; then
    vouch "$(jq -nc --arg sub "$USER_ID" --arg name "$USER_NAME" --arg id_number "$USER_NUMBER" \
        '{$sub, $name, $id_number}')" > "$work/user"
    set -- -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange \
        -d subject_token_type=urn:ietf:params:oauth:token-type:jwt --data-urlencode "subject_token@$work/user"
else
    set -- -d grant_type=client_credentials
fi
post "$SUXIN/oauth/token" '{}' "$@" --data-urlencode "client_assertion@$work/assertion" \
    -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
jq -er .access_token "$work/body" > "$work/token" || { cat "$work/body" >&2; exit 1; }

printf 'Authorization: DPoP %s\n' "$(cat "$work/token")" > "$work/headers"
path=graphql type=application/json asked=$work/asked
case $document in
*.csv) path=uploads type=text/csv asked=$document ;;
sha256:*) jq -n --arg documentId "$document" --slurpfile variables "$variables" '{$documentId, variables: $variables[0]}' > "$asked" ;;
*) jq -n --rawfile query "$document" --slurpfile variables "$variables" '{$query, variables: $variables[0]}' > "$asked" ;;
esac
ath=$(tr -d '\n' < "$work/token" | openssl dgst -sha256 -binary | encode)
post "$SUXIN/$path" "{\"ath\": \"$ath\"}" -H "@$work/headers" -H "Content-Type: $type" --data-binary "@$asked"
jq . "$work/body"
