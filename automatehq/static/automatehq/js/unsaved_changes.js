// Leaving a page whose form has edits asks first. What was changed back, or sent, is no edit. The days of a card have a
// watcher of their own, which says "Not saved yet" too; searches and the ticks of a list hold nothing to save.

const FORMS = "main form[method=post]:not([data-days], [role=search], #changelist-form, #send-again)";
const sent = new Set();

function stateOf(form) {
  const fields = [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  return JSON.stringify(fields.map(([name, value]) => [name, value instanceof File ? [value.name, value.size] : value]));
}

// As the server has sent it, whatever the browser has brought back into its fields.
function sentByServer(form) {
  const copy = form.cloneNode(true);
  copy.reset();
  return stateOf(copy);
}

// form → its state that is saved. Taken now, since scripts add choices to fields later, and the first one would be taken
// for chosen.
const saved = new Map([...document.querySelectorAll(FORMS)].map((form) => [form, sentByServer(form)]));

function isEdited(form) {
  if (sent.has(form) || form.closest("dialog:not([open])")) return false;
  // A form that was refused holds what was typed before, and none of it is saved.
  if ("unsaved" in form.dataset) return true;
  return stateOf(form) !== saved.get(form);
}

// After every listener of the form: one that is sent by a script, or stopped by one, is not on its way.
addEventListener("submit", (event) => {
  if (!event.defaultPrevented) sent.add(event.target);
});
for (const name of ["input", "change"]) addEventListener(name, (event) => sent.delete(event.target.form));
// A script has taken over what the form says.
addEventListener("form-saved", (event) => saved.set(event.target, stateOf(event.target)));
addEventListener("pageshow", () => sent.clear());

addEventListener("beforeunload", (event) => {
  if ([...saved.keys()].some(isEdited)) event.preventDefault();
});
