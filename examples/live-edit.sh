#!/usr/bin/env bash
# Live editing, step by step: one pod, one script, three saves. Starts its own Moonlet on a free port with a copy of
# examples/first, so that nothing of yours is touched. Needs the moonlet binary: `make build` first.
set -euo pipefail
here=$(dirname "$0")
moonlet=${MOONLET:-$here/../bin/moonlet}
work=$(mktemp -d)
cp -r "$here/first" "$work/scripts"
"$moonlet" serve --listen 127.0.0.1:0 --scripts "$work/scripts" --state memory --seed 1 >"$work/out" 2>&1 &
server=$!
trap 'kill $server; wait $server || true; rm -rf "$work"' EXIT
until url=$(grep -om1 'http://127.0.0.1:[0-9]*' "$work/out"); do
  kill -0 "$server" || { cat "$work/out"; exit 1; }
  sleep 0.05
done

row() { curl -sS "$url/api/v1/pods/default/hello" | sed 's/.*"status":"\([A-Za-z]*\)".*/\1/;q'; }
until_row() {
  for _ in $(seq 200); do
    [ "$(row)" = "$1" ] && { echo "  the pod is $1"; return; }
    sleep 0.05
  done
  echo "  the pod is $(row), not $1" && exit 1
}

echo "1. hello.lua keeps the pod waiting for ten minutes"
sed 's/"lab"/"hello"/' "$here/lab-pod.json" | curl -sS --data-binary @- "$url/createPod" && echo
until_row ContainerCreating

echo "2. save it with no delay: the waiting pod moves on at once"
sed -i 's/"10m"/"0s"/' "$work/scripts/hello.lua"
until_row Running

echo "3. save it with a mistake: the last good version serves on, and /readyz says what is wrong"
echo 'function on_start(pod' >>"$work/scripts/hello.lua"
for _ in $(seq 200); do
  curl -sS "$url/readyz?verbose" | grep 'hello.lua' && break
  sleep 0.05
done
until_row Running
