// Show the save status, and ask before the user leaves with unsaved changes.

import { form } from "./days.js";

const state = () => {
  const data = new FormData(form);
  data.delete("csrfmiddlewaretoken");
  return new URLSearchParams(data).toString();
};

export function initDirtyForm() {
  const status = document.querySelector("[data-saved]");
  const saved = status.textContent;
  // A rejected form contains input that is not saved.
  const before = "unsaved" in form.dataset ? null : state();
  let isSubmitting = false;
  const isDirty = () => state() !== before;
  const show = () => {
    const dirty = isDirty();
    status.classList.toggle("is-dirty", dirty);
    const text = dirty ? status.dataset.dirty : saved;
    if (status.textContent !== text) status.textContent = text;
  };
  for (const name of ["input", "change", "days-changed"]) form.addEventListener(name, show);
  form.addEventListener("submit", () => { isSubmitting = true; });
  addEventListener("pageshow", () => {
    isSubmitting = false;
    show();
  });
  addEventListener("beforeunload", (event) => {
    if (!isSubmitting && isDirty()) event.preventDefault();
  });
}
