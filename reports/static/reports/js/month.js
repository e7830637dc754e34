// Month page. Without scripts, other pages offer the same.

import { initDialogs } from "../../automatehq/js/dialogs.js";
import { initMatrix } from "./matrix.js";
import { announce } from "../../automatehq/js/toast.js";

const table = document.querySelector("[data-matrix]");
const matrix = table && initMatrix(table);

// Load all rows before printing.
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

// Send the form on each change.
const form = document.querySelector("[data-submit-on-change]");
form?.addEventListener("change", (event) => {
  if (event.target.matches("select, [type=checkbox]") && form.checkValidity()) form.requestSubmit();
});

// Load the changes since the last export after the page: comparing the ledger takes time.
async function showChanges(link, place) {
  const answer = await fetch(link.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.textContent = page.querySelector("[data-changes-summary]")?.textContent.trim() ?? "";
}

const link = document.querySelector("[data-changes]");
if (link) showChanges(link, document.querySelector("[data-changes-status]")).catch(() => {});

initDialogs();
