// Filling several fields at once: the field above, the last day worked, and the days that are ticked.

import { announce } from "../../../automatehq/js/toast.js";
import { cell, form, isWorked, validateRow, nameOf, rowOf, rows } from "./days.js";
import { runAsUndoStep } from "./undo.js";

const SHIFT = ["from_time", "to_time", "break_minutes", "total_hours"];

const above = (row) => rows.slice(0, rows.indexOf(row)).reverse();

// The nearest day above with something in that column.
export function copyFieldAbove(input) {
  const name = nameOf(input);
  const source = above(rowOf(input)).find((row) => cell(row, name).value);
  if (!source || input.readOnly) return;
  runAsUndoStep(() => form.dataset.copiedDown, () => {
    input.value = cell(source, name).value;
    validateRow(rowOf(input));
  });
}

// Times, break and total of the last day worked; an absence stays.
export function copyLastWorkedDay(row) {
  const source = above(row).find(isWorked);
  if (!source || cell(row, "day_status").value) return;
  runAsUndoStep(() => form.dataset.copiedDay, () => {
    for (const name of SHIFT) cell(row, name).value = cell(source, name).value;
    validateRow(row);
  });
}

// Set what the bar holds; a blank field of it leaves the day's value alone. False of a day that takes no hours, since it
// has an absence.
function fillDay(given, row) {
  const status = cell(row, "day_status");
  if (given.day_status) status.value = given.day_status;
  else if (status.value) return false;
  else for (const name of SHIFT) if (given[name]) cell(row, name).value = given[name];
  return true;
}

function clearDay(row) {
  cell(row, "day_status").value = "";
  validateRow(row);
  for (const name of SHIFT) cell(row, name).value = "";
  return true;
}

// Change the chosen days; returns how many were changed, and how many were left alone.
function changeDays(chosen, change) {
  const filled = chosen.filter(change);
  for (const row of filled) {
    validateRow(row);
    for (const name of SHIFT) cell(row, name).dispatchEvent(new Event("change", { bubbles: true }));
    validateRow(row);
  }
  return [filled.length, chosen.length - filled.length];
}

const sentence = (text, count) => text.replace("{count}", count);

export function initBulkFill() {
  const bulk = document.querySelector("[data-bulk]");
  const chosen = () => rows.filter((row) => cell(row, "pick").checked);
  const count = bulk.querySelector("[data-bulk-count]");
  const show = () => {
    bulk.hidden = !chosen().length;
    count.textContent = `${count.dataset.text}: ${chosen().length}`;
  };
  form.addEventListener("change", (event) => {
    if (nameOf(event.target) === "pick") show();
  });
  const given = () =>
    Object.fromEntries([...bulk.querySelectorAll("[data-bulk-field]")].map((one) => [one.dataset.bulkField, one.value.trim()]));
  for (const button of bulk.querySelectorAll("[data-bulk-action]")) {
    button.addEventListener("click", () => {
      const isFill = button.dataset.bulkAction === "fill";
      const values = given();
      if (isFill && !Object.values(values).some(Boolean)) {
        announce(button.dataset.noValues);
        return;
      }
      let said = "";
      runAsUndoStep(() => said, () => {
        const [done, left] = changeDays(chosen(), isFill ? (row) => fillDay(values, row) : clearDay);
        said = sentence(button.dataset.done, done);
        if (left) said += ` ${sentence(button.dataset.skipped, left)}`;
      });
    });
  }

  // By mouse the same happens to the field that had the focus last.
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
