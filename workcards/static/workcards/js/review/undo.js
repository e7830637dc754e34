// Undo for the days of a card: a stack of all changes since the page was loaded or saved. Ctrl+Z undoes the last change.
// While the user types in a field, Ctrl+Z is the browser's own undo. When the field has its original value again, or loses
// the focus, Ctrl+Z continues with the stack.

import { announce } from "../../../automatehq/js/toast.js";
import { cell, daysChanged, COLUMNS, form, setValues, rows, valuesOf } from "./days.js";
import { conflictChoice, restoreConflictChoice } from "./edit_conflicts.js";

const stack = [];
const known = new Map(); // row → its values and its conflict choice, as last recorded
let isGrouped = false;
let typing = { field: null, value: "" };

const stateOf = (row) => ({ values: valuesOf(row), choice: conflictChoice(row) });
const differing = (one, other) => COLUMNS.filter((name) => one[name] !== other[name]);

// Push the changes since the last record on the stack as one step; return the number of changed days.
function record() {
  const step = [];
  for (const row of rows) {
    const before = known.get(row);
    const after = stateOf(row);
    if (differing(before.values, after.values).length) step.push({ row, before, after });
    known.set(row, after);
  }
  if (step.length) stack.push(step);
  return step.length;
}

function rebase() {
  const field = document.activeElement;
  typing = { field, value: field?.value };
}

// Run `act` as one undo step, and offer to undo it in a toast with `text()`.
export function runAsUndoStep(text, act) {
  // Record pending input as a separate step.
  record();
  isGrouped = true;
  act();
  isGrouped = false;
  const size = stack.length;
  daysChanged();
  rebase();
  const step = stack.length > size ? stack.at(-1) : null;
  announce(text(), step && { label: form.dataset.undo, act: () => undo(step, { isByButton: true }) });
}

function undo(step, { isByButton = false } = {}) {
  if (!stack.includes(step)) return;
  stack.splice(stack.indexOf(step), 1);
  isGrouped = true;
  for (const { row, before, after } of step) {
    const now = valuesOf(row);
    // Keep the value of a cell that was changed later.
    const values = Object.fromEntries(COLUMNS.map((name) => [name, now[name] === after.values[name] ? before.values[name] : now[name]]));
    setValues(row, values);
    restoreConflictChoice(row, before.choice);
  }
  daysChanged();
  isGrouped = false;
  for (const row of rows) known.set(row, stateOf(row));
  const [{ row, before, after }] = step;
  if (isByButton) cell(row, differing(before.values, after.values)[0]).focus();
  rebase();
  announce(form.dataset.undone);
}

const isTyping = (field) => field === typing.field && field.matches("input, textarea") && field.value !== typing.value;
// Use the character, or the key position on non-Latin keyboards.
const isZ = (event) => (/^[a-z]$/i.test(event.key) ? event.key.toLowerCase() === "z" : event.code === "KeyZ");

export function initUndo() {
  for (const row of rows) known.set(row, stateOf(row));
  form.addEventListener("days-changed", () => {
    if (!isGrouped) record();
  });
  document.addEventListener("focusin", rebase);
  document.addEventListener("keydown", (event) => {
    const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && isZ(event);
    if (!isUndo || !stack.length || document.querySelector("dialog[open]")) return;
    const field = event.target;
    const isElsewhere = field.matches("input:not([type=checkbox], [type=radio]), textarea") && !form.contains(field);
    if (isElsewhere || isTyping(field)) return;
    event.preventDefault();
    undo(stack.at(-1));
  });
  // Clear the stack when the form is sent; an open question stops it.
  addEventListener("submit", (event) => {
    if (event.target === form && !event.defaultPrevented) stack.length = 0;
  });
}
