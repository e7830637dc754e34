// Upload page: sends dropped or chosen files in batches and shows the result of each file in a row.
// Without scripts, the form is sent at once, and the response shows the same table.

import { Sender } from "./upload_sender.js";

const form = document.querySelector("[data-upload]");
const template = document.querySelector("template[data-row-template]");
const rows = document.querySelector("[data-rows]");
const notice = document.querySelector("[data-notice]");
const status = document.querySelector("[data-status]");
const input = form.elements.files;
const drop = form.querySelector("[data-dropzone]");
const send = form.querySelector("[data-send]");
const messages = template.dataset;
const settled = ["uploaded", "duplicate", "failed"];
const STATES = { stored: "uploaded", duplicate: "duplicate" };
const items = [];

form.classList.add("is-scripted");
form.querySelector("[data-without-script]").hidden = true;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function sizeOf(bytes) {
  const [unit, amount] = bytes < 1e6 ? ["kilobyte", Math.ceil(bytes / 1e3)] : ["megabyte", bytes / 1e6];
  const format = { style: "unit", unit, maximumFractionDigits: 1 };
  const text = new Intl.NumberFormat(document.documentElement.lang, format).format(amount);
  // Remove the right-to-left mark: sizes are left to right here.
  return text.replace(/\u200f/g, "");
}

// A file and its row.

class Item {
  constructor(file, presets) {
    Object.assign(this, { file, presets, isAnyway: false, cards: [] });
    this.row = template.content.firstElementChild.cloneNode(true);
    this.part("name").textContent = this.part("name").title = file.name;
    this.part("size").textContent = sizeOf(file.size);
    this.row.querySelector("progress").setAttribute("aria-label", file.name);
    for (const name of ["open", "upload-anyway", "remove"]) {
      const label = `${this.part(name).textContent}: ${file.name}`;
      this.part(name).setAttribute("aria-label", label);
    }
    this.part("upload-anyway").addEventListener("click", () => uploadAnyway(this));
    this.part("remove").addEventListener("click", () => remove(this));
    this.become("waiting");
  }

  part(name) {
    return this.row.querySelector(`[data-${name}]`);
  }

  become(state, text = "") {
    this.state = state;
    this.row.className = state;
    for (const one of this.row.querySelectorAll("[data-state]")) one.hidden = one.dataset.state !== state;
    this.part("text").textContent = text;
    this.part("upload-anyway").hidden = state !== "duplicate";
    this.part("remove").hidden = state !== "waiting" || !sender.isHeld;
    this.part("open").hidden = !this.cards.length;
    if (this.cards.length) this.part("open").href = this.cards[0].url;
    this.part("cards").textContent = state === "uploaded" ? this.cards.length : "";
  }

  progress(percent) {
    if (percent >= 100) {
      if (this.state !== "reading") this.become("reading");
      return;
    }
    if (this.state !== "sending") this.become("sending");
    this.row.querySelector("progress").value = percent;
    this.part("text").textContent = `${Math.floor(percent)}%`;
  }

  settle({ result, text = "", cards = [] }) {
    this.cards = cards;
    this.become(STATES[result] ?? "failed", text);
  }
}

// Return the message of an obvious problem; the server validates every file.
function problemOf(file) {
  if (file.size > Number(form.dataset.maxBytes)) return messages.tooLarge;
  if (file.size === 0) return messages.empty;
  const isScan = !file.type || file.type.startsWith("image/") || file.type === "application/pdf";
  return isScan ? "" : messages.noScan;
}

function presetsNow() {
  const presets = new FormData(form);
  for (const name of ["files", "allow_duplicate"]) presets.delete(name);
  return presets;
}

const sender = new Sender({
  url: form.action,
  maxFiles: Number(form.dataset.maxFiles),
  changed: updateTotals,
  rejected: (fields) => {
    hold(messages.choose);
    showErrors(fields);
  },
  busy: () => show(messages.busy),
  stopped: (code) => hold(reason(code)),
  resumed: () => show(""),
});

function reason(code) {
  const known = { 0: messages.offline, 401: messages.signedOut, 403: messages.forbidden, 409: messages.otherBusiness };
  return known[code] ?? messages.error;
}

function add(files) {
  document.querySelector("[data-files]").hidden = false;
  const presets = presetsNow();
  const fresh = [...files].map((file) => new Item(file, presets));
  for (const item of fresh) {
    items.push(item);
    rows.append(item.row);
    const wrong = problemOf(item.file);
    if (wrong) item.settle({ result: "rejected", text: wrong });
    else sender.queue(item);
  }
  markFormSaved();
  // If a field must be corrected first, the files stay pending.
  if (hasSiteOrEmployee(presets)) sender.go();
  updateTotals();
}

// The files have their own copy of the form: leaving the page asks about pending files, not about the form.
function markFormSaved() {
  delete form.dataset.unsaved;
  form.dispatchEvent(new Event("form-saved", { bubbles: true }));
}

// Require a site or an employee before asking the server.
function hasSiteOrEmployee(presets) {
  if (presets.get("site") || presets.get("employee")) return true;
  sender.isHeld = true;
  hold(messages.choose);
  showErrors({ site: [{ message: messages.noSite }] });
  return false;
}

function uploadAnyway(item) {
  item.isAnyway = true;
  item.cards = [];
  item.become("waiting");
  sender.queue(item);
  // The focused button is hidden now: focus the row.
  item.row.tabIndex = -1;
  item.row.focus();
  sender.go();
  updateTotals();
}

function remove(item) {
  sender.forget(item);
  items.splice(items.indexOf(item), 1);
  item.row.remove();
  input.focus();
  updateTotals();
}

function hold(text) {
  show(text);
  for (const item of items)
    if (item.state === "waiting") item.part("remove").hidden = false;
}

function show(text) {
  notice.hidden = !text;
  notice.querySelector("[data-notice-text]").textContent = text;
}

// Errors of site, month or employee, beside the field.

function clearErrors() {
  for (const list of form.querySelectorAll(".errorlist")) list.remove();
  for (const row of form.querySelectorAll(".errors")) row.classList.remove("errors");
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

function showErrors(fields) {
  clearErrors();
  let first = null;
  for (const [name, errors] of Object.entries(fields)) {
    const place = form.querySelector(`[data-field="${name}"]`) ?? form;
    const list = document.createElement("ul");
    list.className = `errorlist${place === form ? " nonfield" : ""}`;
    list.id = `upload-error-${name}`;
    for (const { message } of errors) list.append(Object.assign(document.createElement("li"), { textContent: message }));
    if (place === form) form.prepend(list);
    else place.append(list);
    place.classList.toggle("errors", place !== form);
    const field = form.elements[name];
    if (field) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", list.id);
      first ??= field;
    }
  }
  first?.focus();
}

// Totals, on the page and for screen readers.

let announceTimer = 0;

function updateTotals() {
  const of = (state) => items.filter((item) => item.state === state);
  const made = of("uploaded").flatMap((item) => item.cards);
  const counts = {
    cards: made.length,
    unassigned: made.filter((card) => card.needs_assignment).length,
    duplicate: of("duplicate").length,
    rejected: of("failed").length,
    done: items.filter((item) => settled.includes(item.state)).length,
    all: items.length,
  };
  for (const place of document.querySelectorAll("[data-count]")) place.textContent = counts[place.dataset.count];
  document.querySelector("[data-summary]").hidden = !counts.done;
  document.querySelector("[data-continue=assign]").hidden = !counts.unassigned;
  document.querySelector("[data-continue=review]").hidden = !counts.cards || counts.unassigned > 0;
  const bar = document.querySelector("[data-all]");
  Object.assign(bar, { max: counts.all || 1, value: counts.done });
  document.querySelector("[data-all-text]").textContent = `${counts.done} / ${counts.all}`;
  send.hidden = !(sender.isHeld && sender.isWaiting);
  clearTimeout(announceTimer);
  if (counts.done) announceTimer = setTimeout(() => (status.textContent = fill(messages.progress, counts)), 400);
}

// Choosing, dropping, pressing, leaving

function takeChosen() {
  add(input.files);
  input.value = "";
}

input.addEventListener("change", takeChosen);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearErrors();
  show("");
  const presets = presetsNow();
  sender.renew(presets);
  if (sender.isWaiting) markFormSaved();
  if (hasSiteOrEmployee(presets)) sender.go();
  updateTotals();
});

const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

// A file dropped beside the field must not replace the page.
document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.classList.add("is-over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("is-over");
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.classList.remove("is-over");
  if (event.dataTransfer.files.length) add(event.dataTransfer.files);
});

addEventListener("beforeunload", (event) => {
  if (items.some((item) => !settled.includes(item.state))) event.preventDefault();
});

send.hidden = true;
// On a slow connection the user may have chosen files before the script was loaded.
if (input.files.length) takeChosen();
