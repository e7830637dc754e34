// Filling several fields at once: the field above, the last day worked, and the days that are ticked.

import { say } from "../toast.js";
import { cell, changed, form, isWorked, judge, nameOf, rowOf, rows } from "./days.js";

const SHIFT = ["from_time", "to_time", "break_minutes", "total_hours"];

const above = (row) => rows.slice(0, rows.indexOf(row)).reverse();

// The nearest day above with something in that column.
export function fieldAbove(input) {
  const name = nameOf(input);
  const source = above(rowOf(input)).find((row) => cell(row, name).value);
  if (!source || input.readOnly) return;
  input.value = cell(source, name).value;
  judge(rowOf(input));
  changed();
}

export function asLastDayWorked(row) {
  const source = above(row).find(isWorked);
  if (!source || cell(row, "day_status").value) return;
  for (const name of SHIFT) cell(row, name).value = cell(source, name).value;
  judge(row);
  changed();
}

function fillChosen(bulk, row) {
  const given = (name) => bulk.querySelector(`[data-bulk-f="${name}"]`)?.value ?? "";
  const status = given("day_status");
  cell(row, "day_status").value = status;
  judge(row);
  if (status) return;
  for (const name of SHIFT) cell(row, name).value = given(name);
}

function emptyChosen(row) {
  cell(row, "day_status").value = "";
  judge(row);
  for (const name of SHIFT) cell(row, name).value = "";
}

export function startFilling() {
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
  for (const button of bulk.querySelectorAll("[data-bulk-do]")) {
    button.addEventListener("click", () => {
      for (const row of chosen()) {
        if (button.dataset.bulkDo === "fill") fillChosen(bulk, row);
        else emptyChosen(row);
        for (const name of SHIFT) cell(row, name).dispatchEvent(new Event("change", { bubbles: true }));
        judge(row);
      }
      changed();
      say(button.dataset.done);
    });
  }

  // By mouse the same happens to the field that had the focus last.
  let last = null;
  form.addEventListener("focusin", (event) => {
    if (event.target.matches(".days .cell")) last = event.target;
  });
  for (const button of form.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => {
      const input = last ?? cell(rows[0], "from_time");
      if (button.dataset.do === "down") fieldAbove(input);
      else asLastDayWorked(rowOf(input));
      input.focus();
    });
  }
}
