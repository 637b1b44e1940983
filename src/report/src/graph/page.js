"use strict";
(() => {
  const root = document.documentElement;
  const svg = document.getElementById("picture");
  const panel = document.getElementById("panel");
  const search = document.getElementById("search");
  const data = JSON.parse(document.getElementById("data").textContent);
  const nodes = [...svg.querySelectorAll(".node")];
  const edges = [...svg.querySelectorAll(".edge")].map((element) => ({
    element, ids: element.dataset.edge.split(" ").map(Number),
  }));
  const whole = svg.dataset.view.split(" ").map(Number);
  const hidden = new Set();
  let view = [...whole];
  let picked = null;

  root.classList.add("js");

  // The view: pan and zoom.
  const show = () => svg.setAttribute("viewBox", view.join(" "));
  const all = () => { view = [...whole]; show(); };
  const scale = () => {
    const box = svg.getBoundingClientRect();
    return Math.max(view[2] / Math.max(box.width, 1), view[3] / Math.max(box.height, 1));
  };
  const zoom = (factor, x, y) => {
    const next = Math.min(Math.max(view[2] * factor, 120), whole[2] * 4);
    const real = next / view[2];
    const box = svg.getBoundingClientRect();
    const by = scale();
    const at = x === undefined
      ? [view[0] + view[2] / 2, view[1] + view[3] / 2]
      : [view[0] + view[2] / 2 + (x - box.left - box.width / 2) * by, view[1] + view[3] / 2 + (y - box.top - box.height / 2) * by];
    view = [at[0] - (at[0] - view[0]) * real, at[1] - (at[1] - view[1]) * real, next, view[3] * real];
    show();
  };
  const pan = (x, y) => { view[0] += x; view[1] += y; show(); };
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(event.deltaY * (event.deltaMode ? 0.04 : 0.0014)), event.clientX, event.clientY);
  }, { passive: false });
  let drag = null;
  let moved = false;
  svg.addEventListener("pointerdown", (event) => { drag = [event.clientX, event.clientY]; moved = false; });
  addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = [event.clientX - drag[0], event.clientY - drag[1]];
    if (!moved && Math.abs(x) + Math.abs(y) < 4) return;
    moved = true;
    svg.classList.add("dragged");
    const by = scale();
    pan(-x * by, -y * by);
    drag = [event.clientX, event.clientY];
  });
  addEventListener("pointerup", () => { drag = null; svg.classList.remove("dragged"); });
  document.getElementById("zoom").addEventListener("click", (event) => {
    const what = event.target.dataset.zoom;
    if (what === "in") zoom(0.75);
    if (what === "out") zoom(1 / 0.75);
    if (what === "all") all();
  });
  addEventListener("beforeprint", all);

  // What is lit: a node with its edges, an edge with its ends, or what the search found.
  const isShown = (id) => !hidden.has(data.edges[id].kind);
  const light = (litNodes, litEdges) => {
    const isLooking = litNodes !== null;
    svg.classList.toggle("looking", isLooking);
    nodes.forEach((element, id) => element.classList.toggle("lit", isLooking && litNodes.has(id)));
    edges.forEach(({ element, ids }) => element.classList.toggle("lit", isLooking && ids.some((id) => litEdges.has(id))));
  };
  const around = (node) => {
    const litNodes = new Set([node]);
    const litEdges = new Set();
    data.edges.forEach((edge, id) => {
      if (isShown(id) && (edge.from === node || edge.to === node)) {
        litEdges.add(id); litNodes.add(edge.from); litNodes.add(edge.to);
      }
    });
    light(litNodes, litEdges);
  };
  const along = (ids) => light(new Set(ids.flatMap((id) => [data.edges[id].from, data.edges[id].to])), new Set(ids));
  const searched = () => {
    const text = search.value.trim().toLowerCase();
    if (!text) return false;
    const has = (words) => words.toLowerCase().includes(text);
    const litNodes = new Set();
    const litEdges = new Set();
    data.nodes.forEach((node, id) => { if (has(node.label) || has(node.note)) litNodes.add(id); });
    data.edges.forEach((edge, id) => {
      if (isShown(id) && edge.links.some((link) => has(link.name) || has(link.from) || has(link.to))) {
        litEdges.add(id); litNodes.add(edge.from); litNodes.add(edge.to);
      }
    });
    light(litNodes, litEdges);
    return true;
  };
  const settle = () => {
    nodes.forEach((element, id) => element.classList.toggle("picked", picked !== null && picked.node === id));
    if (picked && picked.node !== undefined) around(picked.node);
    else if (picked) along(picked.edges);
    else if (!searched()) light(null, null);
  };

  // The panel: text only, never markup.
  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const opened = (title, about) => {
    panel.replaceChildren();
    const close = make("button", "×", "close");
    close.setAttribute("aria-label", "close");
    close.addEventListener("click", () => pick(null));
    panel.append(close, make("h2", title), make("p", about));
    panel.hidden = false;
  };
  const edgeButton = (id, other) => {
    const edge = data.edges[id];
    const item = make("li");
    const button = make("button");
    button.className = "k-" + edge.kind;
    button.append(make("span", edge.kind, "kind"), make("span", data.nodes[other].label), make("span", String(edge.links.length), "n"));
    button.addEventListener("click", () => pick({ edges: [id] }));
    item.append(button);
    return item;
  };
  const section = (title, items) => {
    if (!items.length) return;
    const list = make("ul");
    list.append(...items);
    panel.append(make("h3", title), list);
  };
  const showNode = (id) => {
    const node = data.nodes[id];
    opened(node.label, [node.kind, node.note, node.place].filter(Boolean).join(" · "));
    const ids = data.edges.map((_, id) => id).filter(isShown);
    section("to", ids.filter((at) => data.edges[at].from === id).map((at) => edgeButton(at, data.edges[at].to)));
    section("from", ids.filter((at) => data.edges[at].to === id && data.edges[at].from !== id).map((at) => edgeButton(at, data.edges[at].from)));
  };
  const showEdges = (ids) => {
    const first = data.edges[ids[0]];
    const arrow = ids.length > 1 ? " ↔ " : " → ";
    opened(data.nodes[first.from].label + arrow + data.nodes[first.to].label, first.kind);
    for (const id of ids) {
      const edge = data.edges[id];
      const title = data.nodes[edge.from].label + " → " + data.nodes[edge.to].label;
      const items = edge.links.map((link) => {
        const item = make("li");
        if (link.name) item.append(make("b", link.name));
        if (link.how) item.append(make("p", link.how));
        if (link.from) item.append(make("code", link.from));
        if (link.to) item.append(make("code", "→ " + link.to));
        return item;
      });
      section(ids.length > 1 ? title : edge.links.length + (edge.links.length === 1 ? " link" : " links"), items);
    }
  };
  const pick = (what) => {
    picked = what;
    if (!what) panel.hidden = true;
    else if (what.node !== undefined) showNode(what.node);
    else showEdges(what.edges);
    settle();
  };

  nodes.forEach((element, id) => {
    element.addEventListener("pointerenter", () => { if (!picked && !drag) around(id); });
    element.addEventListener("pointerleave", () => { if (!picked) settle(); });
    element.addEventListener("focus", () => { if (!picked && element.matches(":focus-visible")) around(id); });
    element.addEventListener("click", (event) => { event.stopPropagation(); if (!moved) pick({ node: id }); });
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick({ node: id }); }
    });
  });
  edges.forEach(({ element, ids }) => {
    element.addEventListener("pointerenter", () => { if (!picked && !drag) along(ids); });
    element.addEventListener("pointerleave", () => { if (!picked) settle(); });
    element.addEventListener("click", (event) => { event.stopPropagation(); if (!moved) pick({ edges: ids }); });
  });
  svg.addEventListener("click", () => { if (!moved) pick(null); });

  // Filter, search, tables, keys.
  document.getElementById("kinds").addEventListener("change", (event) => {
    const kind = event.target.dataset.kind;
    if (event.target.checked) hidden.delete(kind); else hidden.add(kind);
    edges.forEach(({ element, ids }) => element.classList.toggle("off", !ids.some(isShown)));
    if (picked && picked.node !== undefined) showNode(picked.node);
    settle();
  });
  search.addEventListener("input", () => { picked = null; panel.hidden = true; settle(); });
  search.addEventListener("keydown", (event) => {
    const first = nodes.findIndex((element) => element.classList.contains("lit"));
    if (event.key === "Enter" && first >= 0) { pick({ node: first }); nodes[first].focus(); }
  });
  const tables = document.getElementById("show-tables");
  const flip = (on) => {
    root.classList.toggle("tabled", on);
    tables.setAttribute("aria-pressed", String(root.classList.contains("tabled")));
  };
  tables.addEventListener("click", () => flip());
  if (!nodes.length) flip(true);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = event.target === search;
    if (event.key === "Escape") { search.value = ""; pick(null); if (isTyping) search.blur(); return; }
    if (isTyping) return;
    if (event.key === "/") { event.preventDefault(); search.focus(); return; }
    const step = view[2] / 12;
    const keys = {
      "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25), "0": all,
      ArrowLeft: () => pan(-step, 0), ArrowRight: () => pan(step, 0), ArrowUp: () => pan(0, -step), ArrowDown: () => pan(0, step),
    };
    if (keys[event.key] && !root.classList.contains("tabled")) { event.preventDefault(); keys[event.key](); }
  });
})();
