// Review page: starts the scripts of the page. Without scripts, other pages offer the same.

import { initDialogs } from "../../../automatehq/js/dialogs.js";
import { announce } from "../../../automatehq/js/toast.js";
import { initEmployeeSuggestions } from "./employee_suggestions.js";
import { cell, form, rows, initDays } from "./days.js";
import { initBulkFill } from "./bulk_fill.js";
import { initHistory } from "./history.js";
import { initKeyboard } from "./keyboard_navigation.js";
import { initEditConflicts } from "./edit_conflicts.js";
import { initRuler } from "./ruler.js";
import { initScanViewer } from "./scan_viewer.js";
import { initPendingSubmit } from "./pending_submit.js";
import { initUndo } from "./undo.js";
import { initDirtyForm } from "./dirty_form.js";

// Show success messages as toasts, so that they take no space from the days.
function moveMessagesToToast() {
  const list = document.querySelector(".messagelist");
  const good = [...(list?.querySelectorAll("li.success") ?? [])];
  if (good.length) announce(good.map((one) => one.textContent).join(" "));
  for (const one of good) one.remove();
  if (list && !list.children.length) list.remove();
}

// Return the first open question: the version of a day in conflict or, to approve, the hours to pay.
const openQuestion = (names = "choice_, take_") =>
  names.split(", ").flatMap((name) => [...form.querySelectorAll(`input[type=radio][name^="${name}"]`)])
  .find((one) => !form.querySelector(`[name="${one.name}"]:checked`));

function submit(event, query) {
  const button = document.querySelector(query);
  if (!button) return;
  event.preventDefault();
  // Format the field that has the focus first.
  if (document.activeElement?.matches(".cell")) document.activeElement.dispatchEvent(new Event("change", { bubbles: true }));
  form.requestSubmit(button);
}

function initShortcuts() {
  document.addEventListener("keydown", (event) => {
    const isCommand = event.ctrlKey || event.metaKey;
    const isText = event.target.matches("input:not(.num):not([type=checkbox]), textarea");
    if (document.querySelector("dialog[open]")) return;
    if (isCommand && event.key === "Enter") submit(event, "[name=_approve]");
    else if (isCommand && event.code === "KeyS") submit(event, "[data-save]");
    else if (event.altKey && event.key === "PageDown") follow(event, "[data-next-card]");
    else if (event.altKey && event.key === "PageUp") follow(event, "[data-previous-card]");
    else if (event.key === "F1" || (event.key === "?" && !isText)) {
      event.preventDefault();
      document.getElementById("keys")?.showModal();
    }
  });
}

function follow(event, query) {
  event.preventDefault();
  document.querySelector(query)?.click();
}

// Focus an open question, an error, the last used field, or the first day.
function initFocus() {
  const place = `card ${location.pathname}`;
  const before = sessionStorage.getItem(place);
  sessionStorage.removeItem(place);
  form.addEventListener("submit", (event) => {
    const open = openQuestion(event.submitter?.name === "_approve" ? "take_, choice_" : "take_");
    if (open) {
      event.preventDefault();
      event.stopImmediatePropagation();
      open.focus();
      const place = open.closest("fieldset") ?? document.querySelector("[data-edit-conflicts]");
      announce(place.querySelector("[data-question]").textContent);
      return;
    }
    const name = document.activeElement?.name;
    if (name) sessionStorage.setItem(place, name);
  });
  const wrong = form.querySelector("[aria-invalid=true]");
  const known = before && form.elements.namedItem(before);
  const first = openQuestion() ?? wrong ?? (known instanceof HTMLElement ? known : null);
  const target = first ?? (matchMedia("(pointer: coarse)").matches ? null : cell(rows[0], "from_time"));
  target?.focus();
  if (first) target.scrollIntoView({ block: "nearest" });
}

const isSaved = Boolean(document.querySelector(".messagelist .success"));

initDialogs();
if (form) initRuler();
initScanViewer();
initEmployeeSuggestions();
initHistory();
moveMessagesToToast();
if (form) {
  initDays();
  initBulkFill();
  initKeyboard();
  initEditConflicts();
  initFocus();
  initDirtyForm();
  initPendingSubmit({ isSaved });
  initUndo();
}
initShortcuts();
