// Tables are complete without this: it only makes their columns sortable, by mouse and by keyboard,
// and lets them show multiples of the floor.
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
      const keyed = original.map((row, index) => ({ row, index, key: row.cells[column]?.dataset.v ?? "" }));
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
// On paper nothing can be opened.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
