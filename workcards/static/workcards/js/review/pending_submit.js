// Store the form when it is sent, and restore its input if there was no response: the connection was lost, or the server
// failed.

import { announce } from "../../../automatehq/js/toast.js";
import { daysChanged, form, validateRow, rows } from "./days.js";
import { clearPending, loadPending, storePending } from "../../../automatehq/js/pending_submit_storage.js";

const cells = () => [...form.querySelectorAll(".days .cell")];

export function initPendingSubmit({ isSaved }) {
  const isAnswered = "unsaved" in form.dataset;
  const sent = loadPending();
  const isHere = sent?.path === location.pathname;
  if (isHere || (isSaved && sent?.leadsOn)) clearPending();
  if (isHere && !isSaved && !isAnswered) restore(sent);
  form.addEventListener("submit", (event) => {
    const values = Object.fromEntries(cells().map((one) => [one.name, one.value]));
    const leadsOn = event.submitter?.name === "_approve";
    const version = form.elements.version.value;
    storePending({ path: location.pathname, leadsOn, version, values });
  });
}

function restore({ version, values }) {
  const lost = cells().filter((one) => (values[one.name] ?? one.value) !== one.value);
  if (!lost.length) return;
  for (const one of lost) one.value = values[one.name];
  // Send the version of that time, so that changes of other users since then are not overwritten.
  form.elements.version.value = version;
  for (const row of rows) validateRow(row);
  daysChanged();
  announce(form.dataset.restored);
}
