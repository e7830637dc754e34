// A new export: shows how the file will begin, and follows what is chosen.

const section = document.querySelector("[data-preview]");
const place = section?.querySelector("[data-preview-content]");
const form = document.querySelector("#exportrun_form");
const NAMES = ["kind", "profile", "processing_month", "site", "include_unapproved"];
let asked = "";
let waiting = 0;
let control = null;

async function look() {
  const given = new FormData(form);
  const chosen = new URLSearchParams(NAMES.filter((name) => given.has(name)).map((name) => [name, given.get(name)]));
  if (String(chosen) === asked) return;
  asked = String(chosen);
  control?.abort();
  control = new AbortController();
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${section.dataset.preview}?${asked}`, { signal: control.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    place.innerHTML = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") return;
    asked = "";
    place.replaceChildren(Object.assign(document.createElement("p"), { className: "preview-summary", textContent: section.dataset.error }));
  }
  place.setAttribute("aria-busy", "false");
}

if (section && form) {
  // Not for every key: when somebody has stopped for a moment.
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 300);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  look();
}
