#!/usr/bin/env python3
"""Compares call edges: how many of a reference's are ours too, and how many of ours a wider reference has.

usage: compare.py OURS REFERENCE [--wider REFERENCE] [--misses N] [--slack N] [--enclosing] [--skip REGEX]

Each file has one edge a line: `caller-file:line<TAB>callee-file:line`, further columns are ignored; a place is that of
the function's name (of its first byte when it has none). Edges of one function to itself and to places outside the
compared files are left out. A place matches one at most --slack lines away in the same file (decorators, `export`).
With --enclosing our callers that the reference does not know (closures) count as the function that starts above them.
Of ours only edges count whose caller the reference has looked at. Callers in files that --skip matches (tests, whose bodies
a scan does not read) count on neither side.
"""
import argparse
import re
from collections import defaultdict


def read(path, skip):
    edges = set()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            parts = line.rstrip("\n").split("\t")
            if len(parts) < 2:
                continue
            ends = tuple(place(part) for part in parts[:2])
            if None not in ends and ends[0] != ends[1] and not (skip and skip.search(ends[0][0])):
                edges.add(ends)
    return edges


def place(text):
    parts = text.split(":")
    return (parts[0], int(parts[1])) if len(parts) >= 2 and parts[1].isdigit() else None


def snapper(known, slack):
    """Moves a place to the nearest known one within the slack."""
    by_file = defaultdict(list)
    for file, line in known:
        by_file[file].append(line)

    def snap(at):
        near = [line for line in by_file.get(at[0], ()) if abs(line - at[1]) <= slack]
        return (at[0], min(near, key=lambda line: (abs(line - at[1]), line))) if near else at

    return snap


def encloser(known):
    """Moves a place that is not known to the nearest known one above it in the same file."""
    by_file = defaultdict(list)
    for file, line in known:
        by_file[file].append(line)

    def enclose(at):
        above = [line for line in by_file.get(at[0], ()) if line <= at[1]]
        return (at[0], max(above)) if at not in known and above else at

    return enclose


def share(part, whole):
    return f"{len(part)} of {len(whole)} ({100 * len(part) / max(1, len(whole)):.1f} %)"


def show(edges, n):
    for (caller, callee) in sorted(edges)[:: max(1, len(edges) // max(1, n))][:n]:
        print(f"    {caller[0]}:{caller[1]} -> {callee[0]}:{callee[1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours")
    parser.add_argument("reference")
    parser.add_argument("--wider")
    parser.add_argument("--misses", type=int, default=0, help="show this many edges of each kind that do not match")
    parser.add_argument("--slack", type=int, default=2)
    parser.add_argument("--enclosing", action="store_true")
    parser.add_argument("--skip", type=re.compile, help="leave out callers in these files")
    args = parser.parse_args()
    reference, wider = (read(path, args.skip) for path in (args.reference, args.wider or args.reference))
    places = {end for edge in reference | wider for end in edge}
    snap = snapper(places, args.slack)
    enclose = encloser(places) if args.enclosing else lambda at: at
    ours = {(enclose(snap(a)), snap(b)) for a, b in read(args.ours, args.skip)}
    ours = {edge for edge in ours if edge[0] != edge[1]}

    found = reference & ours
    print(f"found: {share(found, reference)} of the reference's edges")
    show(reference - found, args.misses)
    callers = {edge[0] for edge in wider}
    callees = {edge[1] for edge in wider}
    comparable = {edge for edge in ours if edge[0] in callers and edge[1] in callees | callers}
    confirmed = comparable & wider
    print(f"confirmed: {share(confirmed, comparable)} of our edges between functions it knows")
    show(comparable - confirmed, args.misses)


if __name__ == "__main__":
    main()
