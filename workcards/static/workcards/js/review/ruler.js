// Ruler on the scan: marks the row of the current day. The user sets the first and the last row, with two clicks or the
// arrow keys. The browser stores one span per site, since all cards of a site have the same layout. Positions are fractions
// of the unrotated image, so that they stay valid when it is rotated.

import { announce } from "../../../automatehq/js/toast.js";
import { form, rowOf, rows } from "./days.js";

const STEP = 0.002;
const FAR = 0.02;
const TILT = 0.25;
// Ignore a larger tilt: the clicks were in different columns.
const MOST_TILT = 10;
const degrees = (radians) => (radians * 180) / Math.PI;
const radians = (angle) => (angle * Math.PI) / 180;
const within = (value, least, most) => Math.min(most, Math.max(least, value));

const storage = {
  read(name) {
    try {
      const span = JSON.parse(localStorage.getItem(name));
      return [span?.first, span?.step, span?.tilt].every(Number.isFinite) ? span : null;
    } catch {
      return null;
    }
  },
  write(name, span) {
    try {
      if (span) localStorage.setItem(name, JSON.stringify(span));
      else localStorage.removeItem(name);
    } catch {
      // Without storage, the ruler lasts until the user leaves the page.
    }
  },
};

export function initRuler() {
  const view = document.querySelector("[data-ruler-site]");
  if (!view) return;
  const name = `ruler ${view.dataset.rulerSite}`;
  const face = view.querySelector("[data-scan-overlay]");
  const band = face.querySelector("[data-ruler]");
  const image = view.querySelector("img");
  const button = document.querySelector("[data-ruler-toggle]");
  const hint = document.querySelector("[data-ruler-hint]");
  let span = storage.read(name);
  let angle = 0;
  let index = 0;
  let lastCell = null;
  // While the user sets the ruler: the moving line, and the points that are set.
  let line = null;
  let points = [];

  const height = () => image.naturalHeight;
  const width = () => image.naturalWidth;

  function lay(middle, thickness, tilt) {
    band.style.insetBlockStart = `${(middle - thickness / 2) * 100}%`;
    band.style.blockSize = `${thickness * 100}%`;
    band.style.rotate = `${tilt}deg`;
  }

  function show() {
    band.hidden = !line && !span;
    band.classList.toggle("is-setting", Boolean(line));
    button.setAttribute("aria-pressed", String(Boolean(span)));
    hint.hidden = !line;
    if (line) {
      lay(line.y, 0, line.tilt);
      const text = points.length ? hint.dataset.last : hint.dataset.first;
      if (hint.textContent !== text) hint.textContent = text;
    } else if (span) {
      lay(span.first + span.step * index, Math.abs(span.step), span.tilt);
      reach();
    }
  }

  // Scroll a zoomed scan to the line.
  function reach() {
    if (face.hidden || !width()) return;
    const here = band.getBoundingClientRect();
    const seen = view.getBoundingClientRect();
    const missing = (start, end, from, to) => (start < from ? start - from : Math.max(0, end - to));
    if (angle % 180 === 0) view.scrollTop += missing(here.top, here.bottom, seen.top, seen.bottom);
    else view.scrollLeft += missing(here.left, here.right, seen.left, seen.right);
  }

  // Return the position of the pointer on the unrotated image.
  function pointOf(event) {
    const box = face.getBoundingClientRect();
    const across = event.clientX - (box.left + box.right) / 2;
    const down = event.clientY - (box.top + box.bottom) / 2;
    const turn = radians(-angle);
    const x = across * Math.cos(turn) - down * Math.sin(turn);
    const y = across * Math.sin(turn) + down * Math.cos(turn);
    return { x: x / face.offsetWidth + 0.5, y: y / face.offsetHeight + 0.5 };
  }

  // Rows are perpendicular to the line between both numbers; measure where they cross the middle of the image.
  function spanOf([from, to]) {
    const across = (to.x - from.x) * width();
    const down = (to.y - from.y) * height();
    let tilt = from.tilt ?? degrees(Math.atan2(-across, down));
    if (!(Math.abs(tilt) <= MOST_TILT)) tilt = 0;
    const middle = ({ x, y }) => y + ((0.5 - x) * width() * Math.tan(radians(tilt))) / height();
    const first = middle(from);
    return { first, step: (middle(to) - first) / (rows.length - 1), tilt };
  }

  function set(point) {
    points.push(point);
    if (points.length === 1) {
      line = { y: within(point.y + 0.5, 0, 1), tilt: line.tilt };
      show();
      return;
    }
    const found = spanOf(points);
    // Ignore a second click on the same row.
    if (Math.abs(found.step) * face.offsetHeight < 2) {
      points.pop();
      return;
    }
    span = found;
    storage.write(name, span);
    leave(hint.dataset.done);
  }

  function leave(message) {
    line = null;
    points = [];
    view.classList.remove("is-measured");
    show();
    (lastCell ?? button).focus({ preventScroll: true });
    if (message) announce(message);
  }

  function turn() {
    if (line) {
      leave();
    } else if (span) {
      span = null;
      storage.write(name, null);
      show();
      announce(hint.dataset.removed);
    } else if (!face.hidden) {
      line = { y: 0.25, tilt: 0 };
      points = [];
      view.classList.add("is-measured");
      show();
      view.focus();
    }
  }

  const MOVES = {
    ArrowUp: (far) => { line.y = within(line.y - far, 0, 1); },
    ArrowDown: (far) => { line.y = within(line.y + far, 0, 1); },
    ArrowLeft: () => { line.tilt = within(line.tilt - TILT, -MOST_TILT, MOST_TILT); },
    ArrowRight: () => { line.tilt = within(line.tilt + TILT, -MOST_TILT, MOST_TILT); },
    Enter: () => set({ x: 0.5, ...line }),
    Escape: () => leave(),
  };
  view.addEventListener("keydown", (event) => {
    const move = line && !event.altKey && !event.ctrlKey && !event.metaKey && MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move(event.shiftKey ? FAR : STEP);
    if (line) show();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const isKey = event.key.toLowerCase() === "r" || (event.altKey && event.code === "KeyR");
    if (!isKey || !(event.altKey || event.target === view)) return;
    event.preventDefault();
    turn();
  });

  // Ignore a click that moved the scan.
  let pressed = null;
  view.addEventListener("pointerdown", (event) => { pressed = [event.clientX, event.clientY]; });
  view.addEventListener("pointermove", (event) => {
    if (!line || event.pointerType === "touch") return;
    line.y = within(pointOf(event).y, 0, 1);
    show();
  });
  view.addEventListener("click", (event) => {
    if (!line || !pressed || Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 4) return;
    set(pointOf(event));
  });

  button.addEventListener("click", turn);
  view.addEventListener("scan-placed", (event) => {
    angle = event.detail.angle;
    show();
  });
  form.addEventListener("focusin", (event) => {
    const row = rowOf(event.target);
    if (!row) return;
    lastCell = event.target;
    index = rows.indexOf(row);
    if (!line) show();
  });
  show();
}
