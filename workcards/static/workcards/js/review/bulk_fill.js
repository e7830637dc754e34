// Fill several fields at once: from the field above, from the last worked day, or for the selected days.

import { announce } from "../../../automatehq/js/toast.js";
import { cell, form, isWorked, validateRow, nameOf, rowOf, rows } from "./days.js";
import { runAsUndoStep } from "./undo.js";

const SHIFT = ["from_time", "to_time", "break_minutes", "total_hours"];

const above = (row) => rows.slice(0, rows.indexOf(row)).reverse();

// Copy the nearest value above in the same column.
export function copyFieldAbove(input) {
  const name = nameOf(input);
  const source = above(rowOf(input)).find((row) => cell(row, name).value);
  if (!source || input.readOnly) return;
  runAsUndoStep(() => form.dataset.copiedDown, () => {
    input.value = cell(source, name).value;
    validateRow(rowOf(input));
  });
}

// Copy times, break and total of the last worked day; an absence stays.
export function copyLastWorkedDay(row) {
  const source = above(row).find(isWorked);
  if (!source || cell(row, "day_status").value) return;
  runAsUndoStep(() => form.dataset.copiedDay, () => {
    for (const name of SHIFT) cell(row, name).value = cell(source, name).value;
    validateRow(row);
  });
}

// Apply the values of the bar; a blank field keeps the value of the day. Return false for a day with an absence, which
// has no hours.
function fillDay(values, row) {
  const status = cell(row, "day_status");
  if (values.day_status) status.value = values.day_status;
  else if (status.value) return false;
  else
    for (const name of SHIFT)
      if (values[name]) cell(row, name).value = values[name];
  return true;
}

function clearDay(row) {
  cell(row, "day_status").value = "";
  validateRow(row);
  for (const name of SHIFT) cell(row, name).value = "";
  return true;
}

// Apply `change` to the selected days; return the number of changed days and of skipped days.
function changeDays(selected, change) {
  const filled = selected.filter(change);
  for (const row of filled) {
    validateRow(row);
    for (const name of SHIFT) cell(row, name).dispatchEvent(new Event("change", { bubbles: true }));
    validateRow(row);
  }
  return [filled.length, selected.length - filled.length];
}

const sentence = (text, count) => text.replace("{count}", count);

export function initBulkFill() {
  const bulk = document.querySelector("[data-bulk]");
  const selected = () => rows.filter((row) => cell(row, "pick").checked);
  const count = bulk.querySelector("[data-bulk-count]");
  const show = () => {
    bulk.hidden = !selected().length;
    count.textContent = `${count.dataset.text}: ${selected().length}`;
  };
  form.addEventListener("change", (event) => {
    if (nameOf(event.target) === "pick") show();
  });
  const barValues = () =>
    Object.fromEntries([...bulk.querySelectorAll("[data-bulk-field]")].map((one) => [one.dataset.bulkField, one.value.trim()]));
  for (const button of bulk.querySelectorAll("[data-bulk-action]")) {
    button.addEventListener("click", () => {
      const isFill = button.dataset.bulkAction === "fill";
      const values = barValues();
      if (isFill && !Object.values(values).some(Boolean)) {
        announce(button.dataset.noValues);
        return;
      }
      let message = "";
      runAsUndoStep(() => message, () => {
        const [done, skipped] = changeDays(selected(), isFill ? (row) => fillDay(values, row) : clearDay);
        message = sentence(button.dataset.done, done);
        if (skipped) message += ` ${sentence(button.dataset.skipped, skipped)}`;
      });
    });
  }

  // The buttons act on the field that had the focus last.
  let last = null;
  form.addEventListener("focusin", (event) => {
    if (event.target.matches(".days .cell")) last = event.target;
  });
  for (const button of form.querySelectorAll("[data-fill-action]")) {
    button.addEventListener("click", () => {
      const input = last ?? cell(rows[0], "from_time");
      if (button.dataset.fillAction === "down") copyFieldAbove(input);
      else copyLastWorkedDay(rowOf(input));
      input.focus();
    });
  }
}
