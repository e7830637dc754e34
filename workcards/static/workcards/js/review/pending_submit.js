// What was sent and had no answer, since the connection broke or the server failed: it is kept in this tab until there is
// one, and put back where it was typed.

import { announce } from "../../../automatehq/js/toast.js";
import { daysChanged, form, validateRow, rows } from "./days.js";
import { forget, keep, kept } from "../../../automatehq/js/pending_submit_storage.js";

const cells = () => [...form.querySelectorAll(".days .cell")];

export function initPendingSubmit({ isSaved }) {
  const isAnswered = "unsaved" in form.dataset;
  const sent = kept();
  const isHere = sent?.path === location.pathname;
  if (isHere || (isSaved && sent?.leadsOn)) forget();
  if (isHere && !isSaved && !isAnswered) putBack(sent);
  form.addEventListener("submit", (event) => {
    const values = Object.fromEntries(cells().map((one) => [one.name, one.value]));
    const leadsOn = event.submitter?.name === "_approve";
    const version = form.elements.version.value;
    keep({ path: location.pathname, leadsOn, version, values });
  });
}

function putBack({ version, values }) {
  const lost = cells().filter((one) => (values[one.name] ?? one.value) !== one.value);
  if (!lost.length) return;
  for (const one of lost) one.value = values[one.name];
  // The version that was seen then: whoever has saved since is not overwritten unasked.
  form.elements.version.value = version;
  for (const row of rows) validateRow(row);
  daysChanged();
  announce(form.dataset.restored);
}
