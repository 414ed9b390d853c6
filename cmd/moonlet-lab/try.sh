#!/usr/bin/env bash
# try.sh MOONLET LAB NODES: a control plane, with moonlet kubelet on it and a first pod, until Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/../.."
moonlet=$1 lab=$2 nodes=$3

say() { echo "$*" >&2; }

"$lab" up --detach
certs=$(mktemp -d)
"$lab" cert --out "$certs" >/dev/null
KUBECONFIG=$("$lab" kubeconfig)
export KUBECONFIG APISERVER_CERT_LOCATION=$certs/tls.crt APISERVER_KEY_LOCATION=$certs/tls.key

log=$certs/moonlet.log
"$moonlet" kubelet --nodename moon --nodes "$nodes" --scripts scripts --kubelet-port 0 >"$log" 2>&1 &
kubelet=$!

# Whatever ends this ends all that it started. What the lab holds is kept for the next time.
finish() {
	kill "$kubelet" 2>/dev/null && wait "$kubelet" || true
	"$lab" down
	rm -rf "$certs"
}
trap finish EXIT
trap 'exit 0' INT TERM

for _ in $(seq 300); do
	if grep -q 'Try it:' "$log"; then break; fi
	if ! kill -0 "$kubelet" 2>/dev/null; then
		cat "$log" >&2
		say "moonlet kubelet ended: see above"
		exit 1
	fi
	sleep 0.1
done
"$lab" kubectl wait --for=condition=Ready node -l type=virtual-kubelet --timeout 30s >/dev/null
"$lab" kubectl apply -f examples/web.yaml >/dev/null
"$lab" kubectl wait --for=condition=Ready pod/web --timeout 30s >/dev/null
"$lab" kubectl get nodes
echo
"$lab" kubectl get pods -o wide
cat <<EOF

A cluster of $nodes virtual nodes runs. In another terminal:
  export KUBECONFIG=$KUBECONFIG
  alias kubectl='$lab kubectl'
  kubectl apply -f examples/deployment.yaml        three pods that start slowly
  kubectl get pods --watch
  kubectl logs web --follow
  kubectl apply -f examples/pod.yaml               a pod that crashes now and then
and edit a script in scripts/: it is live when you save it. Ctrl-C here ends everything.
EOF
tail -n +1 -f --pid "$kubelet" "$log" | grep --line-buffered -v '^ \|^$\|^Moonlet\|^Try it\|^Ctrl-C' >&2 || true
wait "$kubelet"
