#!/bin/bash
# As an admin would write it: the command, a look whether it is so, the callback. Arguments: hook, type, address, password, pak.
set -eu
hook=$1 type=$2 local=${3%@*} domain=${3#*@} password=$4 bundle=$5

enom() {
    curl -sSf --max-time 30 --data-urlencode "pw=$ENOM_TOKEN" -d "uid=$ENOM_UID" -d responsetype=xml \
        -d "sld=${domain%%.*}" -d "tld=${domain#*.}" "$@" "$ENOM"
}

case $type in
    mailbox.create) command=SetUpPOP3User ;;
    mailbox.change_password) command=ModifyPOP3 ;;
esac
result=job.failed
if enom -d "command=$command" -d EmailCount=1 -d "UserName1=$local" --data-urlencode "Password1=$password" -d "BundleID=$bundle" |
    grep -q '<ErrCount>0</ErrCount>' &&
    enom -d command=GetPOP3 | grep -qF "<username>$local</username><password>$password</password>"; then
    result=job.succeeded
fi

body="{\"type\":\"$result\",\"data\":{\"hook\":\"$hook\"}}"
now=$(date +%s)
signature=$(printf %s "cb_$hook.$now.$body" | openssl dgst -sha256 -hmac "$KEY" -binary | base64)
curl -sSf --max-time 30 --retry 3 -H "webhook-id: cb_$hook" -H "webhook-timestamp: $now" -H "webhook-signature: v1,$signature" \
    -H 'content-type: application/json' -d "$body" "$CALLBACK"
