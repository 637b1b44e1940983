#!/usr/bin/env python3
"""How long a scan takes before a merge, on any repository: cold, warm, with one changed file, and commit by commit.

    cargo build --release
    benches/premerge.py PATH-TO-A-REPOSITORY [--runs 5] [--commits 100] [--json FILE]

The repository is cloned next to the temporary files and never touched itself. Measured are whole processes, by the
clock; each number is the median of `--runs`. The replay scans each of the last commits (first parents, oldest first)
against its parent, with the cache that the commit before left, as a developer's machine or a CI cache has it;
`--no-replay-cache` empties it each time. `--compare-output` also holds every cached result against `--no-cache`.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def git(tree, *arguments):
    command = ["git", "-C", str(tree), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout.strip()


def check_out(tree, commit):
    """Makes the tree that of a commit; a file whose content a partial copy of the repository lacks is left out."""
    git(tree, "update-ref", "--no-deref", "HEAD", commit)
    git(tree, "read-tree", "--reset", commit)
    subprocess.run(["git", "-C", str(tree), "checkout-index", "-u", "-f", "-q", "-a"], capture_output=True)
    git(tree, "clean", "-fdq", "-e", ".betwixt")


class Scanner:
    def __init__(self, binary, tree):
        self.binary, self.tree = binary, tree

    def scan(self, *arguments):
        """Seconds and the report of one scan."""
        start = time.perf_counter()
        done = subprocess.run(
            [self.binary, "scan", str(self.tree), "--format", "json", "--fail-on", "none", *arguments],
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - start
        if done.returncode not in (0, 4):
            sys.exit(f"betwixt ended with {done.returncode}: {done.stderr}")
        return seconds, json.loads(done.stdout)

    def forget(self):
        shutil.rmtree(self.tree / ".betwixt" / "cache", ignore_errors=True)
        (self.tree / ".betwixt" / "cache").mkdir(parents=True)


def without_times(report):
    report = json.loads(json.dumps(report))
    for key in ("seconds", "peak_rss_bytes"):
        report["stats"].pop(key, None)
    return report


def touched(tree, turn, line=None):
    """Adds a function to a file of middling size, another one each turn, or a line that is given."""
    suffixes = (".go", ".ts", ".rs")
    paths = [path for path in git(tree, "ls-files").splitlines() if path.endswith(suffixes)]
    paths = [path for path in paths if "test" not in path.lower() and "generated" not in path.lower()]
    paths = sorted(paths, key=lambda path: ((tree / path).lstat().st_size, path))
    path = tree / paths[len(paths) * 2 // 3]
    word = {".go": "func", ".ts": "function", ".rs": "fn"}[path.suffix]
    with path.open("a") as file:
        file.write(f"\n{line}\n" if line else f"\n{word} measured{turn}() {{}}\n")


def measure(scanner, runs, compare):
    kinds = ("cold", "warm, no change", "warm, one changed comment", "warm, one changed file", "--diff HEAD, one changed file")
    rows = {kind: [] for kind in kinds}
    stages = {}
    for turn in range(runs):
        scanner.forget()
        seconds, cold = scanner.scan()
        rows["cold"].append(seconds)
        stages["cold"] = cold["stats"]["seconds"]
        time.sleep(2.5)  # A file just written is not believed by its time stamp.
        scanner.scan()
        seconds, warm = scanner.scan()
        rows["warm, no change"].append(seconds)
        touched(scanner.tree, turn, "// One more line.")
        seconds, _ = scanner.scan()
        rows["warm, one changed comment"].append(seconds)
        touched(scanner.tree, turn)
        seconds, changed = scanner.scan()
        rows["warm, one changed file"].append(seconds)
        stages["warm, one changed file"] = changed["stats"]["seconds"]
        scanner.scan("--diff", "HEAD")
        touched(scanner.tree, f"{turn}_again")
        seconds, _ = scanner.scan("--diff", "HEAD")
        rows["--diff HEAD, one changed file"].append(seconds)
        if compare:
            assert without_times(warm) == without_times(cold), "the cache shows in the result"
            check_out(scanner.tree, "HEAD")
            _, plain = scanner.scan("--no-cache")
            assert without_times(plain) == without_times(cold), "--no-cache says something else"
        check_out(scanner.tree, "HEAD")
    return rows, stages, cold["stats"]


def replay(scanner, n_commits, keep_cache):
    commits = git(scanner.tree, "rev-list", "--first-parent", f"--max-count={n_commits + 1}", "HEAD").splitlines()
    commits.reverse()
    check_out(scanner.tree, commits[0])
    scanner.forget()
    scanner.scan()
    told = []
    for commit in commits[1:]:
        check_out(scanner.tree, commit)
        if not keep_cache:
            scanner.forget()
        seconds, report = scanner.scan("--diff", "HEAD~1")
        hits = [
            {key: hit[key] for key in ("rule", "severity", "confidence", "file", "line", "function", "message")}
            for hit in report["hits"]
            if hit["status"] == "new"
        ]
        told.append(
            {
                "commit": commit,
                "subject": git(scanner.tree, "log", "-1", "--format=%s"),
                "seconds": seconds,
                "changed_files": report["compared"]["changed_files"],
                "hits": hits,
            }
        )
        print(f"  {commit[:12]} {seconds:.3f} s, {len(hits)} hits", file=sys.stderr, flush=True)
    return told


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=pathlib.Path)
    parser.add_argument("--betwixt", default=str(root / "target/release/betwixt"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--no-replay-cache", action="store_true")
    parser.add_argument("--compare-output", action="store_true")
    parser.add_argument("--json", type=pathlib.Path, help="write everything measured to this file")
    arguments = parser.parse_args()

    result = {"machine": os.uname().machine, "cpus": os.cpu_count(), "load": os.getloadavg()}
    with tempfile.TemporaryDirectory(prefix="betwixt-premerge-") as folder:
        tree = pathlib.Path(folder) / "tree"
        source = arguments.repository.resolve()
        commit = git(source, "rev-parse", "HEAD")
        git(".", "clone", "-q", "--shared", "--no-checkout", str(source), str(tree))
        check_out(tree, commit)
        scanner = Scanner(arguments.betwixt, tree)
        if arguments.runs:
            rows, stages, stats = measure(scanner, arguments.runs, arguments.compare_output)
            print(f"{stats['files']} files, {stats['source_bytes'] / 1e6:.1f} MB, {stats['functions']} functions")
            for name, seconds in rows.items():
                print(f"{name:32} {statistics.median(seconds):7.3f} s  (of {len(seconds)}, {min(seconds):.3f} to {max(seconds):.3f})")
            result |= {"times": rows, "stages": stages}
        if arguments.commits:
            told = replay(scanner, arguments.commits, not arguments.no_replay_cache)
            seconds = [one["seconds"] for one in told]
            loud = [one for one in told if one["hits"]]
            print(
                f"{len(told)} commits: median {statistics.median(seconds):.3f} s, "
                f"95th percentile {percentile(seconds, 0.95):.3f} s; {len(loud)} with any hit"
            )
            for one in loud:
                print(f"  {one['commit'][:12]} {one['subject']}")
                for hit in one["hits"]:
                    print(f"    {hit['severity']} [{hit['rule']}] {hit['file']}:{hit['line']} {hit['message']}")
            result["replay"] = told
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
