// Matrix: one Tab stop, arrow keys between cells; only rows near the window are in the page.
// Without scripts, every cell is a link, and the rows are paged.

import { announce } from "../../automatehq/js/toast.js";

const RENDER_AHEAD = 800; // px above and below the window that are rendered ahead
const ROW_HEIGHT = 29; // px, until a row is measured
const RENDER_DELAY = 80; // ms that a page must stay near before it is rendered, so that fast scrolling loads nothing

export function initMatrix(table) {
  const view = table.parentElement;
  const pages = Number(table.dataset.pages);
  const size = Number(table.dataset.size);
  const count = Number(table.dataset.count);
  const given = table.tBodies[0];
  const bodies = new Map(); // page → its <tbody>
  const drawn = new Map(); // page → its rows, also while a gap replaces them
  const coming = new Map(); // page → the promise of its rows
  const near = new Set(); // pages that should be rendered
  const stops = new Map(); // page → the controller that aborts its request
  const height = given.rows[0]?.getBoundingClientRect().height || ROW_HEIGHT;
  const columns = table.tHead.rows[0].cells.length;

  // Rows, or a gap of the same height

  const rowsOf = (page) => (page === pages ? count - (pages - 1) * size : size);

  function gap(page) {
    const row = document.createElement("tr");
    const cell = document.createElement("td");
    row.className = "spacer";
    row.ariaHidden = "true";
    cell.colSpan = columns;
    cell.style.blockSize = `${rowsOf(page) * height}px`;
    row.append(cell);
    return row;
  }

  async function read(page) {
    const address = new URL(location.href);
    address.searchParams.delete("page");
    address.searchParams.set("rows", page);
    const stopping = new AbortController();
    stops.set(page, stopping);
    const answer = await fetch(address, { signal: stopping.signal });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const body = document.createElement("template");
    body.innerHTML = await answer.text();
    const rows = [...body.content.querySelectorAll("tr")];
    for (const link of body.content.querySelectorAll("td a")) link.tabIndex = -1;
    return rows;
  }

  function draw(page) {
    if (!coming.has(page)) {
      const rows = drawn.has(page) ? Promise.resolve(drawn.get(page)) : read(page);
      coming.set(page, rows.then((found) => {
        drawn.set(page, found);
        if (near.has(page)) bodies.get(page).replaceChildren(...found);
      }).catch((error) => {
        // Keep the gap; scrolling back tries again.
        if (error.name !== "AbortError") announce(table.dataset.failed);
        return error.name === "AbortError";
      }).then((isStopped) => {
        coming.delete(page);
        stops.delete(page);
        // The page came near again while its request was aborted.
        if (isStopped && near.has(page)) arrive(page);
      }));
    }
    return coming.get(page);
  }

  const isAway = (page) => bodies.get(page).querySelector(".spacer") !== null;

  function arrive(page) {
    near.add(page);
    if (!isAway(page)) return;
    setTimeout(() => {
      if (near.has(page) && isAway(page)) draw(page);
    }, RENDER_DELAY);
  }

  function leave(page) {
    // Keep rows that contain the focus.
    if (bodies.get(page).contains(document.activeElement)) return;
    near.delete(page);
    stops.get(page)?.abort();
    if (!isAway(page)) bodies.get(page).replaceChildren(gap(page));
  }

  if (pages > 1) {
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const page = Number(entry.target.dataset.page);
        if (entry.isIntersecting) arrive(page);
        else leave(page);
      }
    }, { root: view, rootMargin: `${RENDER_AHEAD}px 0px` });
    const first = Number(given.dataset.page);
    drawn.set(first, [...given.rows]);
    for (let page = 1; page <= pages; page += 1) {
      const body = page === first ? given : document.createElement("tbody");
      if (page !== first) {
        body.dataset.page = page;
        body.append(gap(page));
        table.insertBefore(body, page < first ? given : table.tFoot);
      }
      bodies.set(page, body);
    }
    if (first > 1) view.scrollTop = (first - 1) * size * height;
    for (const body of bodies.values()) seen.observe(body);
    const nav = document.querySelector("[data-matrix-pages]");
    if (nav) nav.hidden = true;
  } else {
    bodies.set(1, given);
    drawn.set(1, [...given.rows]);
  }

  // Print all rows that were loaded.
  addEventListener("beforeprint", () => {
    for (const [page, rows] of drawn)
      if (isAway(page)) bodies.get(page).replaceChildren(...rows);
    table.toggleAttribute("data-partial", drawn.size < pages);
  });
  addEventListener("afterprint", () => {
    for (const page of bodies.keys())
      if (pages > 1 && !near.has(page)) leave(page);
  });

  async function readAll() {
    for (let page = 1; page <= pages; page += 1)
      if (!drawn.has(page)) drawn.set(page, await read(page));
  }

  // Moving

  const isMirrored = document.documentElement.dir === "rtl";
  let stop = null;
  for (const link of given.querySelectorAll("td a")) link.tabIndex = -1;
  const stopAt = (link) => {
    if (stop) stop.tabIndex = -1;
    stop = link;
    if (stop) stop.tabIndex = 0;
  };
  stopAt(given.querySelector("td a"));
  // Label a cell with employee and day when it gets the focus; labels in all cells would double the size of the page.
  const days = table.tHead.rows[0].cells;
  const labelOf = (link) => {
    const cell = link.closest("td");
    const named = [cell.parentElement.cells[0], days[cell.cellIndex]].map((one) => one.textContent.trim());
    return [...named, link.dataset.value ??= link.ariaLabel ?? link.textContent].join(", ");
  };
  table.addEventListener("focusin", (event) => {
    if (!event.target.matches("td a")) return;
    stopAt(event.target);
    event.target.ariaLabel = labelOf(event.target);
  });

  // Return the next row; render its page first if necessary.
  async function neighbourRow(row, down) {
    const neighbour = down > 0 ? row.nextElementSibling : row.previousElementSibling;
    if (neighbour) return neighbour;
    const page = Number(row.parentElement.dataset.page) + down;
    if (!bodies.has(page)) return null;
    near.add(page);
    if (isAway(page)) await draw(page);
    if (isAway(page)) return null;
    const rows = bodies.get(page).rows;
    return rows[down > 0 ? 0 : rows.length - 1];
  }

  async function down(cell, step) {
    let row = cell.parentElement;
    while ((row = await neighbourRow(row, step))) {
      const link = row.cells[cell.cellIndex].querySelector("a");
      if (link) return link;
    }
    return null;
  }

  function across(cell, step) {
    const cells = cell.parentElement.cells;
    for (let place = cell.cellIndex + step; place > 0 && place < cells.length; place += step) {
      const link = cells[place].querySelector("a");
      if (link) return link;
    }
    return null;
  }

  const ends = (row) => [...row.querySelectorAll("td a")];
  const MOVES = {
    ArrowDown: (cell) => down(cell, 1),
    ArrowUp: (cell) => down(cell, -1),
    ArrowRight: (cell) => across(cell, isMirrored ? -1 : 1),
    ArrowLeft: (cell) => across(cell, isMirrored ? 1 : -1),
    Home: (cell) => ends(cell.parentElement)[0],
    End: (cell) => ends(cell.parentElement).at(-1),
  };
  table.addEventListener("keydown", async (event) => {
    const move = MOVES[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey || !event.target.matches("td a")) return;
    event.preventDefault();
    const link = await move(event.target.closest("td"));
    link?.focus({ preventScroll: true });
    if (link) reveal(link);
  });

  // Scroll the cell into view, clear of sticky headers.
  function reveal(link) {
    const box = link.getBoundingClientRect();
    const frame = view.getBoundingClientRect();
    const head = table.tHead.getBoundingClientRect().height;
    const foot = table.tFoot.getBoundingClientRect().height;
    const row = link.closest("tr");
    const name = row.cells[0].getBoundingClientRect();
    const sum = row.cells[row.cells.length - 1].getBoundingClientRect();
    const [left, right] = isMirrored ? [sum.right, name.left] : [name.right, sum.left];
    if (box.top < frame.top + head) view.scrollTop -= frame.top + head - box.top;
    else if (box.bottom > frame.bottom - foot) view.scrollTop += box.bottom - frame.bottom + foot;
    if (box.left < left) view.scrollLeft -= left - box.left;
    else if (box.right > right) view.scrollLeft += box.right - right;
  }

  return { readAll };
}
