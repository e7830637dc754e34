// New export: preview the first rows of the file for the current options.

const section = document.querySelector("[data-preview]");
const place = section?.querySelector("[data-preview-content]");
const form = document.querySelector("#exportrun_form");
const NAMES = ["kind", "profile", "processing_month", "site", "include_unapproved"];
let requested = "";
let timer = 0;
let control = null;

async function refresh() {
  const data = new FormData(form);
  const chosen = new URLSearchParams(NAMES.filter((name) => data.has(name)).map((name) => [name, data.get(name)]));
  if (String(chosen) === requested) return;
  requested = String(chosen);
  control?.abort();
  control = new AbortController();
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${section.dataset.preview}?${requested}`, { signal: control.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    place.innerHTML = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") return;
    requested = "";
    place.replaceChildren(Object.assign(document.createElement("p"), { className: "preview-summary", textContent: section.dataset.error }));
  }
  place.setAttribute("aria-busy", "false");
}

if (section && form) {
  // Wait until the user stops typing.
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, 300);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  refresh();
}
