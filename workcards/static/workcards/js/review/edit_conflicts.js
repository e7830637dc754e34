// Edit conflicts: another user changed the card in the meantime. The row of a day contains what will be saved; the two
// rows below it show both versions. Typing in the row of the day changes your version.

import { announce } from "../../../automatehq/js/toast.js";
import { cell, daysChanged, COLUMNS, form, setValues, rows, valuesOf } from "./days.js";

const isSame = (one, other) => COLUMNS.every((name) => one[name] === other[name]);

// Return both versions of a day: the rows below it.
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
    const differs = other.textContent.trim() !== shown[name];
    for (const one of [place, other]) one.closest("td").classList.toggle("differs", differs);
  }
}

// After a change of the row: if it no longer equals their version, it becomes your version.
function follow(row, lines) {
  const now = valuesOf(row);
  if (radio(lines.theirs).checked && isSame(now, JSON.parse(lines.theirs.dataset.values))) return;
  if (radio(lines.theirs).checked) radio(lines.mine).checked = true;
  if (isSame(now, JSON.parse(lines.mine.dataset.values))) return;
  lines.mine.dataset.values = JSON.stringify(now);
  show(row, lines, now);
}

// Return the choice for a day in conflict and the values of your version; null for any other day.
export function conflictChoice(row) {
  const { theirs, mine } = linesOf(row);
  return theirs ? { isTheirs: radio(theirs).checked, isMine: radio(mine).checked, mine: mine.dataset.values } : null;
}

export function restoreConflictChoice(row, choice) {
  if (!choice) return;
  const lines = linesOf(row);
  radio(lines.theirs).checked = choice.isTheirs;
  radio(lines.mine).checked = choice.isMine;
  lines.mine.dataset.values = choice.mine;
  show(row, lines, JSON.parse(choice.mine));
}

export function initEditConflicts() {
  const conflicts = rows.map((row) => [row, linesOf(row)]).filter(([, lines]) => lines.theirs);
  const choose = (row, line) => {
    radio(line).checked = true;
    setValues(row, JSON.parse(line.dataset.values));
    daysChanged();
  };
  for (const [row, lines] of conflicts) {
    for (const line of [lines.theirs, lines.mine]) {
      radio(line).addEventListener("change", () => choose(row, line));
    }
    for (const name of ["input", "change"]) row.addEventListener(name, () => follow(row, lines));
  }
  form.addEventListener("days-changed", () => {
    for (const [row, lines] of conflicts) follow(row, lines);
  });
  for (const button of document.querySelectorAll("[data-resolve-all]")) {
    button.addEventListener("click", () => {
      for (const [row, lines] of conflicts) choose(row, lines[button.dataset.resolveAll]);
      announce(button.textContent);
    });
  }
}
