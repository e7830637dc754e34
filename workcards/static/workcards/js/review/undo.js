// Undo in the days of a card: one stack of every change since the page came or was saved, typed or filled. Ctrl+Z takes
// the last one back. In a text field that holds typing not yet left, Ctrl+Z is the browser's own, which takes it back
// letter by letter; once the field is as it was when it got the focus, or is left, Ctrl+Z goes on with the stack.

import { announce } from "../../../automatehq/js/toast.js";
import { cell, daysChanged, COLUMNS, form, setValues, rows, valuesOf } from "./days.js";
import { conflictChoice, restoreConflictChoice } from "./edit_conflicts.js";

const stack = [];
const known = new Map(); // row → its cells, and its choice between two people's days, as last recorded
let isGrouped = false;
let typing = { field: null, value: "" };

const stateOf = (row) => ({ values: valuesOf(row), met: conflictChoice(row) });
const differing = (one, other) => COLUMNS.filter((name) => one[name] !== other[name]);

// Put what has changed since the last record on the stack, as one step; returns how many days that are.
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

// Change several cells as one step, and offer to undo it. `text()` is what the toast says of it.
export function runAsUndoStep(text, act) {
  // What has been typed and not left yet is a step of its own.
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
    // A cell that was changed since keeps its value.
    const values = Object.fromEntries(COLUMNS.map((name) => [name, now[name] === after.values[name] ? before.values[name] : now[name]]));
    setValues(row, values);
    restoreConflictChoice(row, before.met);
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
// By the letter, else by its key where letters are not Latin.
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
  // What is saved is no more to be undone; a form that was stopped by a question is not saved.
  addEventListener("submit", (event) => {
    if (event.target === form && !event.defaultPrevented) stack.length = 0;
  });
}
