// The search for the employee of a card: suggestions come as one types, each a button of the page's own form. The form
// carries the text that they were found for; the server refuses a choice if the field says something else by then.

import { initLiveSearch } from "../../../automatehq/js/live_search.js";

const LEAST = 2;

export function initEmployeeSuggestions() {
  const menu = document.querySelector("[data-assign]");
  if (!menu) return;
  const form = menu.querySelector("[data-assign-form]");
  const box = form.elements.q;
  const place = menu.querySelector("[data-suggestions]");
  const says = menu.querySelector("[data-suggestions-status]");

  const addressOf = (text) => {
    const address = new URL(location.href);
    address.searchParams.set("q", text);
    return address;
  };
  const tell = (text) => {
    if (says.textContent !== text) says.textContent = text;
  };
  const empty = (isBusy, text) => {
    place.replaceChildren();
    place.setAttribute("aria-busy", String(isBusy));
    tell(text);
  };

  const search = initLiveSearch(box, {
    least: LEAST,
    async ask(text, signal) {
      const answer = await fetch(addressOf(text), { signal, headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-assign] [data-suggestions]");
      if (!fresh) throw new Error("no search on the page");
      return fresh;
    },
    searching: () => empty(true, says.dataset.searching),
    idle: () => empty(false, ""),
    found(fresh) {
      place.replaceChildren(...fresh.children);
      place.setAttribute("aria-busy", "false");
      const count = place.querySelectorAll("[name=employee]").length;
      if (count) {
        tell(says.dataset.count.replace("{count}", count));
        return;
      }
      // The sentence of an answer without employees is announced in place of their number.
      const nobody = place.querySelector("p");
      tell(nobody?.textContent ?? "");
      nobody?.remove();
    },
    failed: () => empty(false, says.dataset.failed),
  });

  form.addEventListener("submit", (event) => {
    const isChoice = event.submitter?.name === "employee";
    if (!isChoice || form.elements.found_for?.value !== box.value.trim()) {
      event.preventDefault();
      if (box.value.trim()) search.go();
      return;
    }
    // The version that this page shows, not the one of a moment ago.
    const version = document.querySelector("#days-form [name=version]")?.value;
    if (version) form.elements.version.value = version;
  });
  menu.addEventListener("toggle", () => {
    if (menu.open) box.focus();
  });
}
