# What the guides begin with; sourced by `run` in each folder. Makes a new folder, which ends with the script, and goes
# there; `begin` starts a ledger, and registers a company that issues, a hotel that sells, and an agent. All of that is
# docs/cli.md, "A ledger of your own". Needs python3, curl and the `remit` command: REMIT=path, or
# target/debug/remit.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
remit=$(realpath "${REMIT:-$target/debug/remit}")
folder=$(mktemp -d)
running=()
stop() {
    for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
unset REMIT_PROFILE REMIT_LOG_KEY REMIT_KEY REMIT_URL

# The value of a key in the JSON that comes in.
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# Waits until the first line of a file is there, and shows it.
first_line() {
    for _ in $(seq 400); do
        [ "$(wc -l <"$1")" -gt 0 ] && head -n 1 "$1" && return
        sleep 0.05
    done
    echo "nothing was printed to $1" >&2
    cat ./*.log >&2
    return 1
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Serves the ledger at REMIT_URL, and waits until it takes operations.
serve_ledger() {
    "$remit" serve ledger --listen "${REMIT_URL#http://}" >>ledger.log 2>&1 &
    ledger=$!
    running+=("$ledger")
    for _ in $(seq 400); do
        curl -s -f -o /dev/null "$REMIT_URL/readyz" && return
        sleep 0.05
    done
    echo "the ledger does not get ready" >&2
    cat ledger.log >&2
    return 1
}

begin() {
    local port
    port=$(free_port)
    "$remit" init ledger --origin ledger.example/remit --plain --reader me >/dev/null
    export REMIT_PROFILE=ledger/client.toml REMIT_URL=http://127.0.0.1:$port
    serve_ledger
    for who in company hotel agent; do "$remit" key new --plain "$who.pem" >/dev/null; done
    company=$("$remit" --json party add "The company" --key company.pem | field id)
    hotel=$("$remit" --json party add "The hotel" --key hotel.pem | field id)
    "$remit" --json issuer add "$company" --key ledger/operator-1.pem >/dev/null
    agent=$("$remit" --json key show agent.pem | field key)
}

# hotel.toml: the hotel believes this log and this company, and lets agents look at rooms.
policy_that_lets_look() {
    { "$remit" policy --party "$hotel" --issuer "$company" --max-staleness 10m 2>/dev/null; cat <<'ROUTES'; } >hotel.toml

[[routes]]
method = "POST"
path = "/rooms/{room}/look"
action = "look"
resource = "rooms/{room}"
ROUTES
    "$remit" policy check hotel.toml >/dev/null
}

# look URL: signs one request of the agent, to look at room 12 of the service at URL, into look/.
look() {
    "$remit" --json present "$token" --service "$hotel" --action look --resource rooms/12 --key agent.pem --out look \
        --http "POST $1/rooms/12/look" --content order.json >/dev/null
}

# answers URL: what an agent hears that does everything once, and some of it twice.
answers() {
    local url=$1
    printf '{"nights":2}' >order.json
    printf '{"nights":3}' >other.json
    look "$url"
    ask 401 'denied; code=no_invocation' "$url" /rooms/12/look order.json
    ask 401 'denied; code=unknown_presentation' "$url" /rooms/12/look order.json -H @look/headers.txt
    bring "$url"
    ask 403 'denied; code=wrong_request' "$url" /rooms/12/look other.json -H @look/headers.txt
    ask 403 'denied; code=wrong_request' "$url" /rooms/13/look order.json -H @look/headers.txt
    ask 200 allowed "$url" /rooms/12/look order.json -H @look/headers.txt -H 'Remit-Holder: me'
    [ "$(field room <answer.json) $(field action <answer.json)" = '12 look' ]
    ! grep -q '^Remit-Holder: me' -i answer.txt
    ask 403 'denied; code=served_before' "$url" /rooms/12/look order.json -H @look/headers.txt
    # The ledger revokes, and the hotel hears of it with the next presentation, from the agent himself.
    "$remit" --json revoke "$token" --key company.pem >/dev/null
    look "$url"
    curl -s -o answer.json -H 'Content-Type: application/cbor' --data-binary @look/presentation.cbor \
        "$url/.well-known/remit/presentations"
    [ "$(field code <answer.json)" = revoked ]
    printf '%-24s %s\n' "a newer presentation" revoked
}

bring() {
    curl -s -f -o /dev/null -H 'Content-Type: application/cbor' --data-binary @look/presentation.cbor \
        "$1/.well-known/remit/presentations"
}

# ask STATUS VERDICT URL PATH CONTENT [CURL OPTION...]: asks, shows what came, and requires that it is that.
ask() {
    local status=$1 verdict=$2 url=$3 path=$4 content=$5 came said
    shift 5
    came=$(curl -s -o answer.json -D answer.txt -w '%{http_code}' -X POST -H 'Content-Type: application/json' \
        --data-binary "@$content" "$@" "$url$path")
    said=$(sed -n 's/^Remit-Verdict: \(.*\)\r$/\1/ip' answer.txt)
    printf '%-24s %s  %s\n' "$path" "$came" "$said"
    if [ "$came" != "$status" ] || [ "$said" != "$verdict" ]; then
        echo "expected $status $verdict" >&2
        cat answer.json ./*.log >&2
        return 1
    fi
}
