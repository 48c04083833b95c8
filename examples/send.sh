#!/bin/sh
# Sends one message with curl, and prints the gateway's answer.
#
#   SMSGW_API=http://127.0.0.1:8080 SMSGW_API_KEY=sg_live_… sh send.sh +447700900123 'Hello' IDEMPOTENCY_KEY
#
# The request carries an Idempotency-Key, so it is safe to repeat: however often it is sent, the message is charged and
# sent once. Use a key of your own, such as the id of the order. curl repeats it after 408, 429, 5xx and when there was no
# answer, and waits as long as Retry-After says. The JSON is written by hand here: quotation marks, backslashes and line
# breaks of the text are escaped first.
set -eu
api=${SMSGW_API:-http://127.0.0.1:8080}
text=$(printf '%s' "$2" | sed -e 's/[\\"]/\\&/g' | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }')
# The key is read from standard input, and not from the command line, which other users of the machine can see.
printf 'header = "Authorization: Bearer %s"\n' "$SMSGW_API_KEY" |
  curl --silent --show-error --fail-with-body --config - \
    --max-time 30 --retry 5 --retry-connrefused --retry-max-time 120 \
    --header 'Content-Type: application/json' --header "Idempotency-Key: $3" \
    --data-binary "{\"to\":\"$1\",\"text\":\"$text\"}" \
    "$api/v1/messages"
