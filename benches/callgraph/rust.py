#!/usr/bin/env python3
"""Call edges of a Cargo workspace as rust-analyzer sees them: `caller-file:line<TAB>callee-file:line`, one a line.

usage: rust.py WORKSPACE|INDEX.scip > reference

Runs `rust-analyzer scip WORKSPACE`, or reads the index it wrote before: an edge is a mention of a function inside the body of another.
Mentions that are no calls (a function handed on, a `use` inside a body) are in it too, so compare with all lines of
`betwixt graph edges`. A method of a trait stands for all its implementations, as in a graph by class hierarchy.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def fields(data):
    """The fields of a protobuf message: number and value (int or bytes)."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = 8 if wire == 1 else 4
            value, at = data[at:at + size], at + size
        yield number, value


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def packed(data):
    at, out = 0, []
    while at < len(data):
        value, at = varint(data, at)
        out.append(value)
    return out


def occurrence(data):
    """Range, symbol, whether it defines, and the range of the whole definition."""
    span, symbol, roles, around = [], "", 0, []
    for number, value in fields(data):
        if number == 1:
            span = packed(value)
        elif number == 2:
            symbol = value.decode()
        elif number == 3:
            roles = value
        elif number == 7:
            around = packed(value)
    return span, symbol, roles & 1 == 1, around


def documents(index):
    for number, value in fields(index):
        if number != 2:
            continue
        path, found = "", []
        for inner, content in fields(value):
            if inner == 1:
                path = content.decode()
            elif inner == 2:
                found.append(occurrence(content))
        yield path, found


def main():
    workspace = Path(sys.argv[1]).resolve()
    if workspace.suffix == ".scip":
        return edges_of(workspace.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "index.scip"
        subprocess.run(["rust-analyzer", "scip", str(workspace), "--output", str(out)], check=True, stdout=subprocess.DEVNULL)
        edges_of(out.read_bytes())


def edges_of(index):
    # Functions and methods end in `().` in the symbol's descriptor.
    is_function = lambda symbol: symbol.endswith("().")
    defined, bodies, mentions = {}, {}, []
    for path, found in documents(index):
        for span, symbol, defines, around in found:
            if not is_function(symbol):
                continue
            if defines:
                defined[symbol] = (path, span[0] + 1)
                end = around[2] if len(around) == 4 else (around[0] if around else span[0])
                bodies.setdefault(path, []).append((span[0], end, symbol))
            else:
                mentions.append((path, span[0], symbol))
    # `a/Store#get().` is what a trait asks for, `a/b/impl#[Redis][Store]get().` one that answers.
    answers = {}
    for symbol in defined:
        if found := re.search(r"impl#\[.*?\]\[`?(\w+).*\](\w+)\(\)\.$", symbol):
            answers.setdefault(found.groups(), []).append(symbol)
    edges = set()
    for path, line, symbol in mentions:
        around = [body for body in bodies.get(path, ()) if body[0] <= line <= body[1]]
        if symbol not in defined or not around:
            continue
        caller = min(around, key=lambda body: body[1] - body[0])[2]
        asked = re.search(r"(\w+)#(\w+)\(\)\.$", symbol)
        for callee in answers.get(asked.groups() if asked else (), [symbol]):
            edges.add((defined[caller], defined[callee]))
    for (caller, callee) in sorted(edges):
        print(f"{caller[0]}:{caller[1]}\t{callee[0]}:{callee[1]}")


if __name__ == "__main__":
    main()
