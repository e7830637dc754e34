// Ask before the user leaves a page with unsaved changes. Changes that were undone or sent do not count. The days of a card
// have their own script, dirty_form.js. Search forms and the checkboxes of a list have nothing to save.

const FORMS = "main form[method=post]:not([data-days], [role=search], #changelist-form, #send-again)";
const sent = new Set();

function stateOf(form) {
  const fields = [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  return JSON.stringify(fields.map(([name, value]) => [name, value instanceof File ? [value.name, value.size] : value]));
}

// Return the state that the server sent, without values that the browser restored.
function sentByServer(form) {
  const copy = form.cloneNode(true);
  copy.reset();
  return stateOf(copy);
}

// Form → its saved state. Read at once, since scripts add options to fields later, and the browser would select the first.
const saved = new Map([...document.querySelectorAll(FORMS)].map((form) => [form, sentByServer(form)]));

function isEdited(form) {
  if (sent.has(form) || form.closest("dialog:not([open])")) return false;
  // A rejected form contains input that is not saved.
  if ("unsaved" in form.dataset) return true;
  return stateOf(form) !== saved.get(form);
}

// Runs after the listeners of the form: a script may have sent the form itself, or stopped it.
addEventListener("submit", (event) => {
  if (!event.defaultPrevented) sent.add(event.target);
});
for (const name of ["input", "change"]) addEventListener(name, (event) => sent.delete(event.target.form));
// A script has stored the input of the form.
addEventListener("form-saved", (event) => saved.set(event.target, stateOf(event.target)));
addEventListener("pageshow", () => sent.clear());

addEventListener("beforeunload", (event) => {
  if ([...saved.keys()].some(isEdited)) event.preventDefault();
});
