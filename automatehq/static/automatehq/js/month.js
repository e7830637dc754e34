// The page of a month. Everything it does can be done without it, with more pages.

import { initDialogs } from "./dialogs.js";
import { initMatrix } from "./matrix.js";
import { announce } from "./toast.js";

const table = document.querySelector("[data-matrix]");
const matrix = table && initMatrix(table);

// All employees on paper, also those whose rows have not been read yet.
const print = document.querySelector("[data-print]");
print?.addEventListener("click", async () => {
  print.disabled = true;
  try {
    await matrix?.readAll();
    window.print();
  } catch {
    announce(table.dataset.failed);
  } finally {
    print.disabled = false;
  }
});

// What is chosen is shown at once.
const form = document.querySelector("[data-submit-on-change]");
form?.addEventListener("change", (event) => {
  if (event.target.matches("select, [type=checkbox]") && form.checkValidity()) form.requestSubmit();
});

// How much has changed since the last file: reading it takes the ledger, so the page does not wait for it.
async function tellChanges(link, place) {
  const answer = await fetch(link.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.textContent = page.querySelector("[data-changes-summary]")?.textContent.trim() ?? "";
}

const link = document.querySelector("[data-changes]");
if (link) tellChanges(link, document.querySelector("[data-changes-status]")).catch(() => {});

initDialogs();
