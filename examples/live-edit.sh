#!/usr/bin/env bash
# Live editing, step by step: one pod, one script, three saves. Starts its own Moonlet on a free port with a copy of
# examples/first, so that nothing of yours is touched. Needs the moonlet binary: `make build` first.
set -euo pipefail
here=$(dirname "$0")
moonlet=${MOONLET:-$here/../bin/moonlet}
[ -x "$moonlet" ] || { echo "$moonlet is missing: run make build first, or name the binary with MOONLET=…" >&2; exit 1; }
work=$(mktemp -d)
cp -r "$here/first" "$work/scripts"
"$moonlet" serve --listen 127.0.0.1:0 --scripts "$work/scripts" --state memory --seed 1 >"$work/out" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" || true; rm -rf "$work"' EXIT
url=
until [[ $url = http* ]]; do
  kill -0 "$server" || { cat "$work/out"; exit 1; }
  sleep 0.05
  url=$(grep -om1 'http://127.0.0.1:[0-9]*' "$work/out" | head -n 1) || true
done

# status is what `kubectl get pods` would print for the pod.
status() { [[ $(curl -sS "$url/api/v1/pods/default/hello") =~ '"status":"'([A-Za-z]+)'"' ]] && echo "${BASH_REMATCH[1]}"; }
until_status() {
  for _ in $(seq 400); do
    [ "$(status)" = "$1" ] && { echo "   the pod is $1"; return; }
    sleep 0.05
  done
  echo "   the pod is $(status), not $1" && exit 1
}
# edit changes the script as editors do: a new file takes the place of the old one.
edit() { sed "$1" "$work/scripts/hello.lua" >"$work/new" && mv "$work/new" "$work/scripts/hello.lua"; }

echo "1. hello.lua keeps the pod waiting for ten minutes"
sed 's/"lab"/"hello"/' "$here/lab-pod.json" | curl --fail-with-body -sS --data-binary @- "$url/createPod" | sed 's/^/   /'
until_status ContainerCreating

echo "2. save it with no delay: the waiting pod moves on at once"
edit 's/"10m"/"0s"/'
until_status Running

echo "3. save it with a mistake: the last good version serves on, and /readyz?verbose says what is wrong"
edit '$s/end/edn/'
for _ in $(seq 400); do
  curl -sS "$url/readyz?verbose" | grep 'hello.lua' | sed 's/^/   /' && break
  sleep 0.05
done
until_status Running
