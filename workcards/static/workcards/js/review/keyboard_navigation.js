// Keyboard navigation between days and fields. Tab works as in any page; arrow keys leave a field at its edge.

import { cell, COLUMNS, form, nameOf, rowOf, rows, normalizeField } from "./days.js";
import { copyLastWorkedDay, copyFieldAbove } from "./bulk_fill.js";

const ACROSS = ["pick", ...COLUMNS];
const isMirrored = document.documentElement.dir === "rtl";

function move(input, down, across) {
  const row = rows[rows.indexOf(rowOf(input)) + down];
  const next = row && cell(row, ACROSS[ACROSS.indexOf(nameOf(input)) + across] ?? "");
  next?.focus();
  if (next?.matches("input.cell")) next.select();
  next?.scrollIntoView({ block: "nearest" });
}

// A selection of the whole text counts as both edges, so that arrow keys can pass through a field.
function isAtEdge(input, isEnd) {
  if (!input.matches("input.cell")) return true;
  if (input.selectionStart !== input.selectionEnd) {
    return input.selectionStart === 0 && input.selectionEnd === input.value.length;
  }
  return input.selectionStart === (isEnd ? input.value.length : 0);
}

function moveAcross(event, input) {
  const toRight = event.key === "ArrowRight";
  // Numbers are left to right in every language; comments follow the page.
  const isFigure = input.matches(".num");
  const isEnd = isFigure || !isMirrored ? toRight : !toRight;
  if (!isAtEdge(input, isEnd)) return;
  event.preventDefault();
  move(input, 0, toRight !== isMirrored ? 1 : -1);
}

export function initKeyboard() {
  let home = "from_time";
  let hasTabbed = false;
  form.addEventListener("focusin", (event) => {
    const name = nameOf(event.target);
    if (COLUMNS.includes(name) && !hasTabbed) home = name;
    hasTabbed = false;
  });
  form.addEventListener("keydown", (event) => {
    const input = event.target;
    const name = nameOf(input);
    if (!ACROSS.includes(name) || !rowOf(input)) return;
    hasTabbed = event.key === "Tab";
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    if ((event.ctrlKey || event.metaKey) && event.code === "KeyD" && name !== "pick") {
      event.preventDefault();
      copyFieldAbove(input);
    } else if (hasModifier) {
      return;
    } else if (event.key === "=" && input.matches(".num")) {
      event.preventDefault();
      copyLastWorkedDay(rowOf(input));
      move(input, 1, 0);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (name !== "pick") normalizeField(input);
      move(input, event.shiftKey ? -1 : 1, ACROSS.indexOf(home) - ACROSS.indexOf(name));
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !input.matches("select")) {
      event.preventDefault();
      move(input, event.key === "ArrowDown" ? 1 : -1, 0);
    } else if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && !event.shiftKey) {
      moveAcross(event, input);
    }
  });
}
