// "Saved" and "Not saved yet"; leaving with something unsaved asks first.

import { form } from "./days.js";

const state = () => {
  const data = new FormData(form);
  data.delete("csrfmiddlewaretoken");
  return new URLSearchParams(data).toString();
};

export function initDirtyForm() {
  const sign = document.querySelector("[data-saved]");
  const saved = sign.textContent;
  // A form that was refused is as it was typed, and not saved.
  const before = "unsaved" in form.dataset ? null : state();
  let isLeavingWell = false;
  const isDirty = () => state() !== before;
  const show = () => {
    const dirty = isDirty();
    sign.classList.toggle("is-dirty", dirty);
    const text = dirty ? sign.dataset.dirty : saved;
    if (sign.textContent !== text) sign.textContent = text;
  };
  for (const name of ["input", "change", "days-changed"]) form.addEventListener(name, show);
  form.addEventListener("submit", () => { isLeavingWell = true; });
  addEventListener("pageshow", () => { isLeavingWell = false; show(); });
  addEventListener("beforeunload", (event) => {
    if (!isLeavingWell && isDirty()) event.preventDefault();
  });
}
