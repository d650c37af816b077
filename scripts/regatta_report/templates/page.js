// Pages are complete without this. It makes columns of tables sortable, filters by contender, scenario and
// parameter, and lets tables show multiples of the floor; by mouse and by keyboard.
"use strict";

for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  if (original.length < 2) continue;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      // Up, down, and back to the order in which the run was planned.
      const now = head.getAttribute("aria-sort");
      const next = now === null ? "ascending" : now === "ascending" ? "descending" : null;
      for (const other of heads) other.removeAttribute("aria-sort");
      if (next) head.setAttribute("aria-sort", next);
      const sign = next === "descending" ? -1 : 1;
      // A reason that spans several columns leaves the others without a cell.
      const key = (row) => row.cells[column]?.dataset.v ?? row.cells[column]?.textContent ?? "";
      const keyed = original.map((row, index) => ({ row, index, key: key(row) }));
      if (next) {
        keyed.sort((a, b) => {
          // What has no value stays at the end, whichever way the rest goes.
          if ((a.key === "") !== (b.key === "")) return a.key === "" ? 1 : -1;
          const x = Number(a.key), y = Number(b.key);
          const order = Number.isNaN(x) || Number.isNaN(y) ? a.key.localeCompare(b.key, "en", { numeric: true }) : x - y;
          return sign * order || a.index - b.index;
        });
      }
      body.append(...keyed.map(({ row }) => row));
      table.classList.toggle("sorted", next !== null);
    });
  });
}

// Times can be read as multiples of the machine's floor, in all tables that have one at once.
const switches = document.querySelectorAll(".switch");
for (const place of switches) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Show times as multiples of the floor";
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const on = document.body.classList.toggle("as-multiples");
    for (const other of switches) other.firstChild.setAttribute("aria-pressed", String(on));
  });
  place.append(button);
}

// The filter. What it hides is said by one style sheet over the classes of rows (k…) and cells (c…): lines and
// columns of tables go, marks on charts fade. Its state is the part of the address after #, so that a view can
// be linked, and goes along to other pages.
const form = document.getElementById("filter");
if (form) {
  const find = document.getElementById("find");
  const boxes = [...form.querySelectorAll(".of-row")];
  const cells = Object.entries(JSON.parse(form.dataset.cells));
  const sheet = document.createElement("style");
  document.head.append(sheet);
  let anchor = "";

  const words = () => find.value.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (text, wanted) => wanted.every((word) => text.includes(word));

  const state = () => {
    const parts = [];
    const off = boxes.filter((box) => !box.checked), on = boxes.filter((box) => box.checked);
    const names = (list) => list.map((box) => encodeURIComponent(box.value)).join(",");
    if (off.length) parts.push(off.length <= on.length ? `hide=${names(off)}` : `only=${names(on)}`);
    if (find.value.trim()) parts.push(`find=${encodeURIComponent(find.value.trim())}`);
    return parts.join("&");
  };

  const apply = () => {
    const wanted = words();
    const hidden = boxes.filter((box) => !box.checked).map((box) => box.dataset.k);
    const away = new Set(hidden);
    const lost = wanted.length ? cells.filter(([, text]) => !matches(text, wanted)).map(([tag]) => tag) : [];
    const all = [...hidden, ...lost];
    const rule = (prefix, what) => (all.length ? `${all.map((tag) => prefix.map((p) => `${p}.${tag}`).join()).join()}{${what}}` : "");
    sheet.textContent = rule(["tr", "td", "th", "li"], "display:none!important") + rule(["svg "], "opacity:.1!important");
    document.body.classList.toggle("filtered", all.length > 0);
    for (const part of document.querySelectorAll("[data-find]")) part.hidden = !matches(part.dataset.find, wanted);
    for (const part of document.querySelectorAll("[data-find-any]")) {
      const own = cells.filter(([, text]) => text.startsWith(part.dataset.findAny.toLowerCase() + " "));
      part.hidden = wanted.length > 0 && !own.some(([, text]) => matches(text, wanted));
    }
    for (const figure of document.querySelectorAll("figure[data-rows]")) {
      const rows = figure.dataset.rows.split(" ").filter(Boolean);
      figure.hidden = rows.length > 0 && rows.every((tag) => away.has(tag));
    }
    for (const group of form.querySelectorAll("fieldset")) {
      const own = [...group.querySelectorAll(".of-row")];
      const top = group.querySelector(".of-group");
      top.checked = own.some((box) => box.checked);
      top.indeterminate = top.checked && !own.every((box) => box.checked);
    }
    document.getElementById("shown").textContent = `${boxes.length - hidden.length} of ${boxes.length}`;
    document.getElementById("reset").hidden = !hidden.length && !wanted.length;
    const parts = [];
    if (hidden.length) parts.push(`${hidden.length} of ${boxes.length} rows hidden`);
    if (wanted.length) parts.push(`${cells.length - lost.length} of ${cells.length} cells match`);
    document.getElementById("said").textContent = parts.length ? `${parts.join(", ")}. Ranks and ratios are those of the whole run.` : "";
  };

  const remember = () => {
    const filter = state();
    const hash = [filter, filter && anchor ? `at=${anchor}` : ""].filter(Boolean).join("&") || anchor;
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname.split("/").pop() || "#");
  };

  const read = () => {
    const hash = location.hash.slice(1);
    if (hash && !/^(hide|only|find|at)=/.test(hash)) {
      // A place on this page: the browser has gone there, and the filter stays as it is.
      anchor = hash;
      remember();
      return;
    }
    const given = new Map(hash.split("&").filter(Boolean).map((part) => part.split("=", 2)));
    const list = (key) => (given.has(key) ? given.get(key).split(",").map(decode) : null);
    const hide = list("hide"), only = list("only");
    for (const box of boxes) box.checked = only ? only.includes(box.value) : !hide?.includes(box.value);
    find.value = decode(given.get("find") ?? "");
    anchor = given.get("at") ?? "";
    apply();
    if (anchor) document.getElementById(anchor)?.scrollIntoView();
  };
  const decode = (text) => {
    try { return decodeURIComponent(text); } catch { return ""; }
  };
  const changed = () => { apply(); remember(); };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const box of boxes) box.checked = true;
    find.value = "";
    changed();
    find.focus();
  });
  form.addEventListener("change", (event) => {
    if (event.target.classList.contains("of-group")) {
      for (const box of event.target.closest("fieldset").querySelectorAll(".of-row")) box.checked = event.target.checked;
    }
    changed();
  });
  form.addEventListener("click", (event) => {
    const set = event.target.dataset?.set;
    if (!set) return;
    for (const box of boxes) box.checked = set === "all";
    changed();
  });
  find.addEventListener("input", changed);
  addEventListener("hashchange", read);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || !/\.html(#|$)/.test(link.getAttribute("href"))) return;
    const [page, place] = link.getAttribute("href").split("#");
    const filter = state();
    const at = place && !place.includes("=") ? place : (place?.match(/(?:^|&)at=([^&]*)/) ?? [])[1];
    link.setAttribute("href", page + (filter ? `#${filter}${at ? `&at=${at}` : ""}` : at ? `#${at}` : ""));
  }, true);
  read();
}

// A menu is left as others are: by Escape, and by a click beside it.
const menus = [...document.querySelectorAll("details.menu, details.who")];
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus) {
    if (menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  }
});
addEventListener("click", (event) => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
});

// On paper nothing can be opened; but nobody prints the thousands of values behind a chart.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("main details:not(.values, .picture, .brief)")].filter((part) => !part.open);
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
