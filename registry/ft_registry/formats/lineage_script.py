"""The script of a lineage's page: it moves the picture, folds it, and shows details.

It writes text only, never markup, and works in a frame that may run scripts and nothing else.
"""

SCRIPT = """
"use strict";
(() => {
  const graph = JSON.parse(document.getElementById("graph").textContent);
  const svg = document.getElementById("picture"), side = document.getElementById("side");
  const nodes = [...svg.querySelectorAll(".node")], edges = [...svg.querySelectorAll(".edge")];
  const whole = svg.getAttribute("viewBox").split(" ").map(Number);
  const near = graph.nodes.map(() => []), folded = new Set(), hint = [...side.childNodes];
  for (const [a, b, relation, back] of graph.edges) {
    near[a].push([b, relation]);
    near[b].push([a, back]);
  }
  const far = reach(() => true);
  let box = whole.slice();

  function reach(follow) {
    const found = new Map([[graph.root, 0]]), queue = [graph.root];
    for (const at of queue)
      for (const [to] of near[at])
        if (!found.has(to) && follow(at, to)) { found.set(to, found.get(at) + 1); queue.push(to); }
    return found;
  }
  function corner(i) {
    const moved = nodes[i].transform.baseVal[0].matrix;
    return [moved.e, moved.f];
  }
  function draw() { svg.setAttribute("viewBox", box.join(" ")); }
  function pixel() { return Math.max(box[2] / svg.clientWidth, box[3] / svg.clientHeight); }
  function centre(i, unit) {
    const [x, y] = corner(i), w = svg.clientWidth * unit, h = svg.clientHeight * unit;
    box = [x + 112 - w / 2, y + 23 - h / 2, w, h];
    draw();
  }
  function fit() { box = whole.slice(); draw(); }
  function begin() {
    fit();
    if (pixel() > 1.75) centre(graph.root, 1.15);
  }
  function zoom(by, at) {
    const [x, y, w, h] = box, [px, py] = at || [x + w / 2, y + h / 2];
    const unit = pixel() * by;
    if (unit < 0.2 || (by > 1 && w > whole[2] * 2 && h > whole[3] * 2)) return;
    box = [px - (px - x) * by, py - (py - y) * by, w * by, h * by];
    draw();
  }
  function move(dx, dy) { box[0] += dx * pixel(); box[1] += dy * pixel(); draw(); }
  function show(i) {
    const [x, y] = corner(i), unit = pixel(), w = svg.clientWidth * unit;
    const h = svg.clientHeight * unit, left = box[0] + (box[2] - w) / 2;
    const top = box[1] + (box[3] - h) / 2;
    if (x < left || x + 224 > left + w || y < top || y + 46 > top + h)
      centre(i, Math.min(unit, 1.2));
  }
  function fold() {
    const seen = reach((at, to) => !folded.has(at) && far.get(to) > far.get(at));
    nodes.forEach((one, i) => {
      one.classList.toggle("gone", !seen.has(i));
      one.classList.toggle("folded", folded.has(i));
    });
    for (const one of edges)
      one.classList.toggle("gone", !(seen.has(+one.dataset.a) && seen.has(+one.dataset.b)));
  }
  function make(name, text, into) {
    const made = document.createElement(name);
    made.textContent = text;
    into.append(made);
    return made;
  }
  function choose(i) {
    const [kind, label, details] = graph.nodes[i];
    nodes.forEach((one, at) => one.classList.toggle("chosen", at === i));
    for (const one of edges)
      one.classList.toggle("near", +one.dataset.a === i || +one.dataset.b === i);
    side.replaceChildren();
    make("h2", label, side);
    make("p", kind, side).className = "soft";
    const list = make("dl", "", side);
    for (const [name, value] of details) {
      make("dt", name, list);
      make("dd", value, list).className = "code";
    }
    const links = make("ul", "", side);
    for (const [to, relation] of near[i]) {
      const line = make("li", relation + ": ", links);
      make("button", graph.nodes[to][1], line).onclick = () => { show(to); choose(to); };
    }
    if (near[i].some(([to]) => far.get(to) > far.get(i))) {
      const button = make("button", folded.has(i) ? "Unfold" : "Fold what is behind it", side);
      button.onclick = () => {
        if (!folded.delete(i)) folded.add(i);
        fold();
        choose(i);
      };
    }
  }
  function leave() {
    for (const one of [...nodes, ...edges]) one.classList.remove("chosen", "near");
    side.replaceChildren(...hint);
  }
  function place(event) {
    const at = new DOMPoint(event.clientX, event.clientY);
    const inside = at.matrixTransform(svg.getScreenCTM().inverse());
    return [inside.x, inside.y];
  }

  let held = null, moved = 0;
  svg.addEventListener("pointerdown", (event) => {
    held = [event.clientX, event.clientY];
    moved = 0;
  });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    const dx = held[0] - event.clientX, dy = held[1] - event.clientY;
    moved += Math.abs(dx) + Math.abs(dy);
    held = [event.clientX, event.clientY];
    move(dx, dy);
  });
  addEventListener("pointerup", () => { held = null; });
  addEventListener("pointercancel", () => { held = null; });
  svg.addEventListener("click", (event) => {
    const node = event.target.closest(".node");
    if (node && moved < 5) choose(+node.dataset.i);
  });
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, place(event));
  }, { passive: false });
  svg.addEventListener("focusin", (event) => {
    const node = event.target.closest(".node");
    if (node && !held) show(+node.dataset.i);
  });
  const keys = {
    "+": () => zoom(1 / 1.25), "=": () => zoom(1 / 1.25), "-": () => zoom(1.25), "0": fit,
    ArrowLeft: () => move(-60, 0), ArrowRight: () => move(60, 0),
    ArrowUp: () => move(0, -60), ArrowDown: () => move(0, 60), Escape: leave,
  };
  svg.addEventListener("keydown", (event) => {
    const node = event.target.closest(".node");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (node && (event.key === "Enter" || event.key === " ")) choose(+node.dataset.i);
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
  document.getElementById("in").onclick = () => zoom(1 / 1.25);
  document.getElementById("out").onclick = () => zoom(1.25);
  document.getElementById("fit").onclick = fit;
  document.querySelector(".tools").classList.remove("gone");
  begin();
})();
"""
