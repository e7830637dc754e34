// Suggest employees for a card while the user types. Each suggestion is a button of the form. The form contains the text
// of the search; the server rejects a choice if the field has another text by then.

import { initLiveSearch } from "../../../automatehq/js/live_search.js";

const MIN_LENGTH = 2;

export function initEmployeeSuggestions() {
  const menu = document.querySelector("[data-assign]");
  if (!menu) return;
  const form = menu.querySelector("[data-assign-form]");
  const box = form.elements.q;
  const place = menu.querySelector("[data-suggestions]");
  const status = menu.querySelector("[data-suggestions-status]");

  const addressOf = (text) => {
    const address = new URL(location.href);
    address.searchParams.set("q", text);
    return address;
  };
  const setStatus = (text) => {
    if (status.textContent !== text) status.textContent = text;
  };
  const clear = (isBusy, text) => {
    place.replaceChildren();
    place.setAttribute("aria-busy", String(isBusy));
    setStatus(text);
  };

  const search = initLiveSearch(box, {
    least: MIN_LENGTH,
    async ask(text, signal) {
      const answer = await fetch(addressOf(text), { signal, headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-assign] [data-suggestions]");
      if (!fresh) throw new Error("no search on the page");
      return fresh;
    },
    searching: () => clear(true, status.dataset.searching),
    idle: () => clear(false, ""),
    found(fresh) {
      place.replaceChildren(...fresh.children);
      place.setAttribute("aria-busy", "false");
      const count = place.querySelectorAll("[name=employee]").length;
      if (count) {
        setStatus(status.dataset.count.replace("{count}", count));
        return;
      }
      // Announce the message of an empty result in place of a number.
      const noMatch = place.querySelector("p");
      setStatus(noMatch?.textContent.trim() ?? "");
      noMatch?.remove();
    },
    failed: () => clear(false, status.dataset.failed),
  });

  form.addEventListener("submit", (event) => {
    const isChoice = event.submitter?.name === "employee";
    if (!isChoice || form.elements.found_for?.value !== box.value.trim()) {
      event.preventDefault();
      if (box.value.trim()) search.go();
      return;
    }
    // Send the version that the page shows.
    const version = document.querySelector("#days-form [name=version]")?.value;
    if (version) form.elements.version.value = version;
  });
  menu.addEventListener("toggle", () => {
    if (menu.open) box.focus();
  });
}
