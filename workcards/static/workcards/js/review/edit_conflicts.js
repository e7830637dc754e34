// A card that somebody else has changed meanwhile: of each such day theirs or yours. The line of the day holds what will
// be saved, the two below it what there is to choose from; what is typed into the line is yours.

import { announce } from "../../../automatehq/js/toast.js";
import { cell, daysChanged, COLUMNS, form, setValues, rows, valuesOf } from "./days.js";

const isSame = (one, other) => COLUMNS.every((name) => one[name] === other[name]);

// The lines that belong to a day stand below it, until the next.
function linesOf(row) {
  const lines = {};
  for (let next = row.nextElementSibling; next && !next.matches(".day"); next = next.nextElementSibling) {
    if (next.dataset.conflictVersion) lines[next.dataset.conflictVersion] = next;
  }
  return lines;
}

const radio = (line) => line.querySelector("input[type=radio]");

function show(row, { theirs, mine }, values) {
  const status = cell(row, "day_status");
  const shown = {
    ...values,
    total_hours: values.total_hours || cell(row, "total_hours").placeholder,
    day_status: values.day_status ? status.selectedOptions[0].textContent : "",
  };
  for (const place of mine.querySelectorAll("[data-shown-field]")) {
    const name = place.dataset.shownField;
    place.textContent = shown[name];
    const other = theirs.querySelector(`[data-shown-field="${name}"]`);
    const differs = other.textContent !== shown[name];
    for (const one of [place, other]) one.closest("td").classList.toggle("differs", differs);
  }
}

// After any change of the line: is it theirs still? If not it is yours, and shown as such.
function follow(row, lines) {
  const now = valuesOf(row);
  if (radio(lines.theirs).checked && isSame(now, JSON.parse(lines.theirs.dataset.values))) return;
  if (radio(lines.theirs).checked) radio(lines.mine).checked = true;
  if (isSame(now, JSON.parse(lines.mine.dataset.values))) return;
  lines.mine.dataset.values = JSON.stringify(now);
  show(row, lines, now);
}

// What is chosen for a day that two people changed, and what yours says; null of any other day. `restoreConflictChoice` brings it back.
export function conflictChoice(row) {
  const { theirs, mine } = linesOf(row);
  return theirs ? { isTheirs: radio(theirs).checked, isMine: radio(mine).checked, mine: mine.dataset.values } : null;
}

export function restoreConflictChoice(row, met) {
  if (!met) return;
  const lines = linesOf(row);
  radio(lines.theirs).checked = met.isTheirs;
  radio(lines.mine).checked = met.isMine;
  lines.mine.dataset.values = met.mine;
  show(row, lines, JSON.parse(met.mine));
}

export function initEditConflicts() {
  const met = rows.map((row) => [row, linesOf(row)]).filter(([, lines]) => lines.theirs);
  const choose = (row, line) => {
    radio(line).checked = true;
    setValues(row, JSON.parse(line.dataset.values));
    daysChanged();
  };
  for (const [row, lines] of met) {
    for (const line of [lines.theirs, lines.mine]) {
      radio(line).addEventListener("change", () => choose(row, line));
    }
    for (const name of ["input", "change"]) row.addEventListener(name, () => follow(row, lines));
  }
  form.addEventListener("days-changed", () => {
    for (const [row, lines] of met) follow(row, lines);
  });
  for (const button of document.querySelectorAll("[data-resolve-all]")) {
    button.addEventListener("click", () => {
      for (const [row, lines] of met) choose(row, lines[button.dataset.resolveAll]);
      announce(button.textContent);
    });
  }
}
