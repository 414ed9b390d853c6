"""A web provider in one file, with nothing but Python's standard library: its containers count.

    python3 examples/provider-python/provider.py 5000
    WEB_ENDPOINT_URL=http://127.0.0.1:5000 moonlet kubelet --provider web --nodename python

The ten calls are those of Virtual Kubelet's web provider. A container counts seconds from its start; one whose image
has a tag that is a number, such as counter:60, ends when it has counted so far.
"""
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

pods = {}  # (namespace, name) -> [pod, time of its start]; guarded by lock
lock = threading.Lock()


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def key(pod):
    return pod["metadata"].get("namespace") or "default", pod["metadata"]["name"]


def counts_to(container):
    tag = container.get("image", "").rpartition(":")[2]
    return int(tag) if tag.isdigit() else None


def status(pod, start):
    """What Kubernetes shows of a pod now. Conditions may be left out: the kubelet concludes them from the rest."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return pod["status"]  # somebody stopped it by hand, with updatePod
    statuses, left = [], 0
    for c in pod["spec"]["containers"]:
        end = counts_to(c)
        if end is not None and time.time() >= start + end:
            state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": rfc3339(start), "finishedAt": rfc3339(start + end)}}
        else:
            state, left = {"running": {"startedAt": rfc3339(start)}}, left + 1
        statuses.append({"name": c["name"], "image": c.get("image", ""), "ready": "running" in state, "restartCount": 0, "state": state})
    return {"phase": "Running" if left else "Succeeded", "startTime": rfc3339(start), "containerStatuses": statuses}


def with_status(pod, start):
    return dict(pod, status=status(pod, start))


def log(pod, start, container, tail):
    for c in pod["spec"]["containers"]:
        if c["name"] == container:
            seconds = int(time.time() - start)
            last = seconds if counts_to(c) is None else min(seconds, counts_to(c))
            first = max(0, last + 1 - (tail if tail >= 0 else 1000))
            return "".join("%s %d\n" % (rfc3339(start + n), n) for n in range(first, last + 1))
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open

    def answer(self, code, body, kind="application/json"):
        data = body.encode() if kind == "text/plain" else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def not_found(self):
        self.answer(404, "not found\n", "text/plain")

    def do_GET(self):
        url = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        named = query.get("namespace", "default"), query.get("name") or query.get("podName")
        with lock:
            everything = [list(p) for p in pods.values()]
            one = pods.get(named)
        if url.path == "/getPods":
            return self.answer(200, [with_status(*p) for p in everything])
        if url.path == "/capacity":
            return self.answer(200, {"cpu": "8", "memory": "16Gi", "pods": "100"})
        if url.path == "/nodeConditions":
            return self.answer(200, [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "Python is ready"}])
        if url.path == "/nodeAddresses":
            address = os.environ.get("VKUBELET_POD_IP", "127.0.0.1")
            return self.answer(200, [{"type": "InternalIP", "address": address}])
        if url.path == "/":
            return self.answer(200, "A web provider whose containers count.\n", "text/plain")
        if one is None:
            return self.not_found()
        if url.path == "/getPod":
            return self.answer(200, with_status(*one))
        if url.path == "/getPodStatus":
            return self.answer(200, status(*one))
        if url.path == "/getContainerLogs":
            try:
                tail = int(query.get("tail", "-1"))
            except ValueError:
                return self.answer(400, "tail: want a number\n", "text/plain")
            text = log(one[0], one[1], query.get("containerName"), tail)
            return self.not_found() if text is None else self.answer(200, text, "text/plain")
        self.not_found()

    def change(self, path, act):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != path:
            return self.not_found()
        try:
            pod = json.loads(body)
            named = key(pod)
        except (ValueError, KeyError, TypeError, AttributeError):
            return self.answer(400, "want a pod as JSON\n", "text/plain")
        with lock:
            done = act(named, pod)
        return self.answer(200, "done\n", "text/plain") if done else self.not_found()

    def do_POST(self):
        def create(named, pod):
            pods.setdefault(named, [pod, time.time()])  # a call may be repeated
            return True
        self.change("/createPod", create)

    def do_PUT(self):
        def update(named, pod):
            if named in pods:
                pods[named] = [pod, pods[named][1]]
            return named in pods
        self.change("/updatePod", update)

    def do_DELETE(self):
        self.change("/deletePod", lambda named, _: pods.pop(named, None))

    def log_message(self, *_):
        pass  # pods carry secrets, and calls come every few seconds


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 5000), Handler)
    print("http://127.0.0.1:%d" % server.server_port, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
