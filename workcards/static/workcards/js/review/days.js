// Days of a card: format each field when the user leaves it, validate the row, update the totals.

import { dayFigures, readHours, readMinutes, readTime, showHours } from "./hours.js";

export const COLUMNS = ["from_time", "to_time", "break_minutes", "total_hours", "day_status", "comment"];
const FIGURES = COLUMNS.slice(0, 4);

export const form = document.querySelector("[data-days]");
export const rows = form ? [...form.querySelectorAll("tr.day")] : [];
const messages = form ? JSON.parse(form.dataset.messages) : {};

export const nameOf = (input) => input.dataset.field || /^days-\d+-(\w+)$/.exec(input.name)?.[1] || "";
export const cell = (row, name) =>
  row.querySelector(name === "pick" ? '[data-field="pick"]' : `.cell[name$="-${name}"]`);
export const rowOf = (input) => input.closest("tr.day");

const figuresOf = (row) => {
  const value = (name) => cell(row, name).value;
  return dayFigures({
    from: readTime(value("from_time")),
    to: readTime(value("to_time"), true),
    pause: readMinutes(value("break_minutes")),
    total: readHours(value("total_hours")),
    status: value("day_status"),
    comment: value("comment"),
  });
};

export const isWorked = (row) => !cell(row, "day_status").value && FIGURES.some((name) => cell(row, name).value);

// Format the input as it is stored; keep input that cannot be parsed.
function formatField(input) {
  const name = nameOf(input);
  if (name === "from_time" || name === "to_time") {
    input.value = readTime(input.value, name === "to_time") ?? input.value;
  } else if (name === "total_hours") {
    const hours = readHours(input.value);
    if (hours !== null && !Number.isNaN(hours)) input.value = showHours(hours);
  }
}

// An absence has no hours. Removing the absence restores the hours that were typed before.
const hoursBeforeAbsence = new WeakMap();

function showAbsence(row) {
  const isAbsent = cell(row, "day_status").value !== "";
  row.classList.toggle("is-absent", isAbsent);
  const cells = FIGURES.map((name) => cell(row, name));
  if (isAbsent && !hoursBeforeAbsence.has(row)) {
    hoursBeforeAbsence.set(row, cells.map((one) => one.value));
    for (const one of cells) one.value = "";
  } else if (!isAbsent && hoursBeforeAbsence.has(row)) {
    const before = hoursBeforeAbsence.get(row);
    hoursBeforeAbsence.delete(row);
    cells.forEach((one, index) => { one.value ||= before[index]; });
  }
  for (const one of cells) one.readOnly = isAbsent;
}

const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_match, name) => values[name] ?? "");

function suggestionButton(row, text, change) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link-button";
  button.textContent = text;
  button.addEventListener("click", () => {
    change();
    validateRow(row);
    daysChanged();
    cell(row, "total_hours").focus();
  });
  return button;
}

// Do not move the page while a mouse button is down: the click would hit another element.
let isPressed = false;
let pending = [];
addEventListener("pointerdown", () => { isPressed = true; }, true);
for (const name of ["pointerup", "pointercancel"]) {
  addEventListener(name, () => setTimeout(() => {
    isPressed = false;
    const acts = pending;
    pending = [];
    for (const act of acts) act();
  }), true);
}

function showProblem(row, found) {
  if (isPressed) {
    pending.push(() => showProblem(row, found));
    return;
  }
  const help = row.nextElementSibling;
  const place = help.querySelector("[data-help]");
  // Keep an unchanged message and its buttons.
  const message = JSON.stringify([found, cell(row, "total_hours").value]);
  if (row.dataset.message === message) return;
  row.dataset.message = message;
  place.id = `help-${row.dataset.day}`;
  help.classList.toggle("is-hidden", !found);
  for (const one of row.querySelectorAll(".cell[aria-invalid]")) {
    one.removeAttribute("aria-invalid");
    one.removeAttribute("aria-describedby");
  }
  place.replaceChildren();
  if (!found) return;
  const field = cell(row, found.field);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", place.id);
  const total = cell(row, "total_hours");
  const shown = { computed_hours: showHours(found.hours ?? 0), total_hours: total.value };
  place.append(fill(messages[found.wrong], shown));
  if (found.wrong !== "total_mismatch") return;
  if (found.pause !== undefined) {
    const text = fill(messages.use_break, { minutes: found.pause });
    place.append(suggestionButton(row, text, () => { cell(row, "break_minutes").value = found.pause; }));
  }
  const text = fill(messages.use_hours, { hours: shown.computed_hours });
  place.append(suggestionButton(row, text, () => { total.value = ""; }));
}

// Problems that are not shown while the user is still typing in the row.
const UNFINISHED = ["missing_time", "break_without_times"];

export function validateRow(row, { isUnfinished = false } = {}) {
  showAbsence(row);
  const found = figuresOf(row);
  const isWrong = Boolean(found?.wrong) && !(isUnfinished && UNFINISHED.includes(found.wrong));
  showProblem(row, isWrong ? found : null);
  showTotal(row, found);
}

// Show the computed hours as placeholder; they are not sent.
function showTotal(row, found) {
  const computed = found?.hours && !found.status ? showHours(found.hours) : "";
  cell(row, "total_hours").placeholder = computed;
}

export const valuesOf = (row) => Object.fromEntries(COLUMNS.map((name) => [name, cell(row, name).value]));

// Set all cells of a day. The absence comes last, since it clears the hours.
export function setValues(row, values) {
  cell(row, "day_status").value = "";
  validateRow(row);
  for (const name of COLUMNS)
    if (name !== "day_status") cell(row, name).value = values[name];
  cell(row, "day_status").value = values.day_status;
  validateRow(row);
}

export function updateTotals() {
  const found = rows.map(figuresOf).filter((one) => one && !one.wrong);
  const show = (name, value) => { document.querySelector(`[data-total="${name}"]`).textContent = value; };
  show("hours", showHours(found.reduce((sum, one) => sum + (one.hours ?? 0), 0)));
  show("days", found.filter((one) => one.hours).length);
  for (const kind of document.querySelectorAll("[data-total-of]")) {
    const count = found.filter((one) => one.status === kind.dataset.totalOf).length;
    show(kind.dataset.totalOf, count);
    kind.hidden = !count;
  }
}

// Update the totals and the save status after any change.
export function daysChanged() {
  updateTotals();
  form.dispatchEvent(new CustomEvent("days-changed"));
}

export function normalizeField(input) {
  formatField(input);
  validateRow(rowOf(input), { isUnfinished: true });
  daysChanged();
}

export function initDays() {
  for (const row of rows) {
    // Keep errors that the server marked until the row changes.
    showAbsence(row);
    showTotal(row, figuresOf(row));
  }
  updateTotals();
  form.addEventListener("change", (event) => {
    if (COLUMNS.includes(nameOf(event.target))) normalizeField(event.target);
  });
  form.addEventListener("focusout", (event) => {
    const row = rowOf(event.target);
    if (row && !row.contains(event.relatedTarget) && row.dataset.touched) validateRow(row);
  });
  form.addEventListener("input", (event) => {
    const row = rowOf(event.target);
    if (row) row.dataset.touched = "yes";
  });
}
